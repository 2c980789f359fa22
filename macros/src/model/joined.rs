//! Several futures that run side by side.

use syn::{Expr, Pat, Path};

/// All are waited for.
pub struct Joined {
    pub krate: Path,
    pub futures: Vec<Expr>,
    pub value: Value,
}

pub enum Value {
    /// A tuple of what the futures return.
    Outputs,
    /// A tuple of what is in their `Ok`s, or the first `Err`.
    Successes,
}

/// The first one that is ready is waited for.
pub struct Raced {
    pub krate: Path,
    pub arms: Vec<Arm>,
}

pub struct Arm {
    /// Takes the future's output.
    pub pattern: Pat,
    pub future: Expr,
    /// Runs when the other futures are dropped.
    pub body: Expr,
}
