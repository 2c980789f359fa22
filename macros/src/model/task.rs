//! A function that becomes a task: its arguments, what it returns, and what it may cost.

use proc_macro2::TokenStream;
use syn::{Attribute, Expr, Ident, Pat, Path, Receiver, Signature, Type, Visibility};

pub enum Task {
    Function(Box<Function>),
    /// No function at all; it stays as it is.
    Other(TokenStream),
}

pub struct Function {
    pub krate: Path,
    pub attrs: Vec<Attribute>,
    pub vis: Visibility,
    /// As it was written, except for what had to be repaired.
    pub sig: Signature,
    pub receiver: Option<Receiver>,
    pub parameters: Vec<Parameter>,
    pub output: Output,
    /// The user's code. It is looked at nowhere else, so checks of it belong between the parser and here.
    pub body: TokenStream,
    pub budget: Option<Budget>,
    pub pool: Pool,
}

/// One argument besides `self`.
pub struct Parameter {
    pub attrs: Vec<Attribute>,
    /// What it is called on the way to the body.
    pub name: Ident,
    pub ty: Type,
    /// What the body sees.
    pub pattern: Pattern,
}

pub enum Pattern {
    /// A name, which may be `mut`.
    Name(Pat),
    /// Anything that takes the argument apart, or leaves parts of it where they are.
    Parts(Pat),
}

pub enum Output {
    Named(Type),
    /// With `impl Trait` in it: nobody can write it again.
    Unnamed(Type),
    Never,
}

/// How large the future may be.
pub struct Budget {
    pub bytes: Expr,
    pub checked: Checked,
}

pub enum Checked {
    /// Wherever the function is compiled, be it called or not.
    Always,
    /// Wherever a call of it is built, because only that has a size.
    WhereCalled,
}

pub enum Pool {
    /// Calls are futures.
    None,
    /// Calls start fibers, each in one of this many slots.
    Slots(Expr),
    /// There should be one, but something is wrong with it.
    Refused,
}
