//! A body that runs while something is held.

use syn::{Expr, LitInt, Pat, Path};

pub struct Guarded {
    pub krate: Path,
    pub take: Take,
    pub limits: Limits,
    pub body: Expr,
}

/// What is taken before the body runs, and given back after it.
pub enum Take {
    Units {
        semaphore: Expr,
        /// One, if nothing is said.
        units: Option<Expr>,
        /// The semaphore and the number, where the compiler knows both.
        known: Option<(Path, LitInt)>,
    },
    Gate(Expr),
    Lock {
        /// Takes a reference to what the lock protects.
        pattern: Pat,
        /// A future of the lock's guard.
        wait: Wait,
    },
}

pub enum Wait {
    /// `lock.read()`, `lock.write()`, `lock.lock()`.
    Call(Expr),
    /// `lock`, to be locked in the only way there is.
    Lock(Expr),
}

/// When not to wait any longer.
#[derive(Default)]
pub struct Limits {
    pub timeout: Option<Expr>,
    pub abort: Option<Expr>,
}
