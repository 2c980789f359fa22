//! A function that starts the runtime: `main`, or a test.

use proc_macro2::{Ident, TokenStream};
use syn::{Attribute, Path, Signature, Type, Visibility};

use crate::options::Setting;

pub enum Entry {
    Function(Box<Wrapped>),
    /// No function at all; it stays as it is.
    Other(TokenStream),
}

/// The user's function, and the ordinary one that is put around it.
pub struct Wrapped {
    /// What `rustc` must see on the outer one.
    pub attrs: Vec<Attribute>,
    pub vis: Visibility,
    pub name: Ident,
    pub inner: Inner,
    /// `None` after a mistake that leaves nothing to call.
    pub run: Option<Run>,
}

/// The user's function, with the body as it was written: mistakes in there are for `rustc` to find.
pub struct Inner {
    pub attrs: Vec<Attribute>,
    pub sig: Signature,
    pub body: TokenStream,
}

pub struct Run {
    pub krate: Path,
    /// Defaults for the command line; each is a call of the builder.
    pub settings: Vec<Setting>,
    /// What the user's function returns.
    pub output: Type,
    pub role: Role,
}

pub enum Role {
    Main {
        /// The first paragraph of the doc comment.
        about: Option<String>,
        /// The type of the parameter.
        args: Option<Box<Type>>,
    },
    Test,
}
