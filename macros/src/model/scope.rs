//! Values that live for as long as a body runs.

use syn::{Expr, Pat, Type};

pub struct Scope {
    /// In the order in which they are made.
    pub bindings: Vec<Binding>,
    pub body: Expr,
}

pub struct Binding {
    pub pattern: Pat,
    pub ty: Option<Type>,
    pub value: Expr,
}
