//! A service with an instance on every shard: how it starts and stops, and where each call of it runs.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Expr, Generics, Ident, Path, Signature, Type, Visibility};

pub enum Sharded {
    Service(Box<Service>),
    /// No block of a service at all; it stays as it is.
    Other(TokenStream),
}

pub struct Service {
    pub krate: Path,
    /// The user's block. The bodies in there are looked at nowhere else but in the checks.
    pub block: Block,
    pub handle: Handle,
    /// More than one if each depends on the configuration.
    pub starts: Vec<Start>,
    pub stops: Vec<Stop>,
    pub calls: Vec<Call>,
    /// What bounds the calls in flight to each shard.
    pub group: Option<Expr>,
    /// Bytes that the arguments of a call, or its result, may take.
    pub message_max: Expr,
}

pub struct Block {
    pub attrs: Vec<Attribute>,
    pub generics: Generics,
    pub this: Type,
    pub members: Vec<Member>,
}

pub enum Member {
    Function(Box<Function>),
    /// A constant or a call of a macro.
    Other(TokenStream),
}

/// As it was written.
impl ToTokens for Member {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(match self {
            Member::Other(item) => item.clone(),
            Member::Function(function) => {
                let Function { attrs, vis, sig, body } = &**function;
                quote!(#(#attrs)* #vis #sig #body)
            }
        });
    }
}

/// As it was written, without what is ours.
pub struct Function {
    pub attrs: Vec<Attribute>,
    pub vis: Visibility,
    pub sig: Signature,
    pub body: TokenStream,
}

/// The type through which others call the service.
pub struct Handle {
    pub name: Ident,
    /// That of `start`.
    pub vis: Visibility,
    /// What the user says about the service.
    pub docs: Vec<Attribute>,
}

pub struct Start {
    /// Those that mean the same on the function that is generated.
    pub attrs: Vec<Attribute>,
    pub vis: Visibility,
    pub generics: Generics,
    pub arguments: Vec<StartArgument>,
    pub started: Started,
    /// What is returned, with the handle in the place of the service.
    pub output: Type,
}

pub enum StartArgument {
    /// The handle of the service itself.
    Peers,
    /// Every shard gets a copy.
    Given(Box<Argument>),
}

pub enum Started {
    Service,
    Result,
}

pub struct Stop {
    /// Those that say whether it is there.
    pub cfgs: Vec<Attribute>,
    pub output: Option<Type>,
}

/// A method that runs where `place` says, be it on another shard.
pub struct Call {
    /// Those that mean the same on the handle.
    pub attrs: Vec<Attribute>,
    pub vis: Visibility,
    pub name: Ident,
    pub generics: Generics,
    pub arguments: Vec<Argument>,
    pub output: Type,
    pub is_async: bool,
    pub place: Place,
    /// Whether the sizes of its types are known without knowing who calls.
    pub sized: bool,
}

pub struct Argument {
    pub name: Ident,
    pub ty: Type,
}

pub enum Place {
    /// On the shard that owns these keys.
    Owner(Vec<Expr>),
    /// On the shard whose turn it is at this number.
    Number(Expr),
    /// On the shard that is named.
    Shard(Expr),
    /// On every shard.
    All { reduce: Option<Expr> },
    /// Somewhere, but what was written is wrong.
    Refused,
}
