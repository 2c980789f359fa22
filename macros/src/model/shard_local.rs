//! A static of which every shard has its own.

use proc_macro2::TokenStream;
use syn::{Attribute, Expr, Ident, Path, Type, Visibility};

pub enum ShardLocal {
    Static(Box<Static>),
    /// Something else; it stays as it is.
    Other(TokenStream),
}

pub struct Static {
    pub krate: Path,
    pub attrs: Vec<Attribute>,
    pub vis: Visibility,
    pub name: Ident,
    pub ty: Type,
    pub initial: Expr,
}
