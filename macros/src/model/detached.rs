//! Work that nobody waits for.

use syn::{Expr, Path};

pub struct Detached {
    pub krate: Path,
    /// Who stops the program waits for it there. `None` if the user says so.
    pub gate: Option<Expr>,
    pub policy: Policy,
    pub future: Expr,
}

/// What to do when it fails.
pub enum Policy {
    Log,
    Ignore,
    Stop,
    Call(Expr),
}
