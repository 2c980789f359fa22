//! Expressions as the value of a block.

use syn::{Expr, Stmt};

/// `body` as the last statement of a block; printed so that it stays one expression, as in `(match ..) - 1`.
pub fn tail(body: Expr) -> Stmt {
    Stmt::Expr(body, None)
}
