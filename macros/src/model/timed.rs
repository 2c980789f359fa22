//! A body with a time limit.

use syn::{Expr, Path, Token};

pub struct Timed {
    pub krate: Path,
    pub duration: Expr,
    pub work: Work,
}

pub enum Work {
    /// `future.await`, and perhaps a `?` behind it: all that takes time is one future.
    Future {
        future: Box<Expr>,
        question: Option<Token![?]>,
    },
    Body(Box<Expr>),
}
