//! A body that runs while something is held.

use syn::{Expr, LitInt, Path};

pub struct Guarded {
    pub krate: Path,
    pub take: Take,
    pub body: Expr,
}

/// What is taken before the body runs, and given back after it.
pub enum Take {
    Units {
        semaphore: Expr,
        /// One, if nothing is said.
        units: Option<Expr>,
        timeout: Option<Expr>,
        abort: Option<Expr>,
        /// The semaphore and the number, where the compiler knows both.
        known: Option<(Path, LitInt)>,
    },
    Gate(Expr),
}
