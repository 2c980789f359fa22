//! What `#[seastar::main]` and `#[seastar::test]` ask of the function below them.
//!
//! After a mistake the function is repaired where that is possible, so that the rest of it is still
//! checked.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    Attribute, FnArg, ReturnType, Safety, Signature, Type, Visibility,
    parse::{Parse, ParseStream},
    parse_quote, parse_quote_spanned,
};

use crate::errors::Errors;

/// The function as it was written, its body unread.
pub struct Source {
    pub attrs: Vec<Attribute>,
    pub vis: Visibility,
    pub sig: Signature,
    pub body: TokenStream,
}

impl Parse for Source {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        Ok(Source { attrs, vis: input.parse()?, sig: input.parse()?, body: input.parse()? })
    }
}

/// Which attribute is speaking, and what it calls the function below it.
pub struct Speaker {
    pub attribute: &'static str,
    pub function: &'static str,
}

impl Speaker {
    /// The function below the attribute, or whatever else is there.
    pub fn read(&self, item: TokenStream, errors: &mut Errors) -> Result<Source, TokenStream> {
        syn::parse2(item.clone()).map_err(|_| {
            let message = format!("`#[{}]` goes on an `async fn`", self.attribute);
            errors.at(keyword(&item), message);
            item
        })
    }

    /// Makes the function `async`, and neither `const` nor `extern`.
    pub fn repair(&self, sig: &mut Signature, errors: &mut Errors) {
        let Speaker { attribute, function } = self;
        if let Some(constness) = sig.constness.take() {
            errors.at(constness, format!("{function} waits, which a `const fn` cannot; remove `const`"));
        }
        if sig.asyncness.is_none() {
            let fn_token = sig.fn_token;
            errors.at(fn_token, format!("`#[{attribute}]` runs a future; write `async fn`"));
            sig.asyncness = Some(parse_quote_spanned!(fn_token.span=> async));
        }
        if let Some(abi) = sig.abi.take() {
            errors.at(abi, format!("{function} is called by the runtime and not by C; remove `extern`"));
        }
    }

    /// Whether generated code can call the function; its parameters are not looked at.
    pub fn is_callable(&self, sig: &Signature, errors: &mut Errors) -> bool {
        let function = self.function;
        let mut callable = true;
        let mut refuse = |tokens: &dyn ToTokens, message: String| {
            errors.at(tokens, message);
            callable = false;
        };
        if !sig.generics.params.is_empty() {
            refuse(&sig.generics, format!("nobody chooses type parameters for {function}; remove them"));
        } else if let Some(clause) = &sig.generics.where_clause {
            let message = "has no type parameters to constrain; remove the `where` clause";
            refuse(clause, format!("{function} {message}"));
        }
        if let Safety::Unsafe(token) = &sig.safety {
            let message = "nobody could keep the promises of an unsafe one; use `unsafe` blocks inside";
            refuse(token, format!("{function} is called by the runtime, and {message}"));
        }
        match &sig.output {
            ReturnType::Type(_, ty) if is_unnamed(ty) => {
                let message = "such as `Result<(), Error>`; `impl Trait` does not say what to report";
                refuse(ty, format!("name the type that {function} returns, {message}"));
            }
            ReturnType::Type(arrow, ty) if matches!(**ty, Type::Never(_)) => {
                let message = "ends when the runtime is told to stop; leave out `-> !`";
                refuse(&quote!(#arrow #ty), format!("{function} {message}"));
            }
            _ => {}
        }
        callable
    }
}

/// The first token that says what kind of item this is.
pub fn keyword(item: &TokenStream) -> TokenStream {
    let after_visibility = |input: ParseStream| {
        input.call(Attribute::parse_outer)?;
        input.parse::<Visibility>()?;
        let first: TokenTree = input.parse()?;
        input.parse::<TokenStream>()?;
        Ok(first.into_token_stream())
    };
    syn::parse::Parser::parse2(after_visibility, item.clone()).unwrap_or_else(|_| item.clone())
}

/// Takes out the attributes that would start another runtime, or the same one again.
pub fn reject(attrs: &mut Vec<Attribute>, name: &str, message: &str, errors: &mut Errors) {
    for attr in
        attrs.extract_if(.., |attr| attr.path().segments.last().is_some_and(|last| last.ident == name))
    {
        errors.at(attr.path(), message);
    }
}

/// What the function returns.
pub fn output(sig: &Signature) -> Type {
    match &sig.output {
        ReturnType::Default => parse_quote!(()),
        ReturnType::Type(_, ty) => Type::clone(ty),
    }
}

/// Whether `impl Trait` is part of the type.
pub fn is_unnamed(ty: &Type) -> bool {
    mentions(ty.to_token_stream(), "impl")
}

/// Whether a word stands anywhere in the tokens.
pub fn mentions(tokens: TokenStream, word: &str) -> bool {
    any_word(tokens, &|other| other == word)
}

/// Whether there is a word anywhere in the tokens for which `found` is true.
pub fn any_word(tokens: TokenStream, found: &dyn Fn(&str) -> bool) -> bool {
    tokens.into_iter().any(|tree| match tree {
        TokenTree::Group(group) => any_word(group.stream(), found),
        TokenTree::Ident(ident) => found(&ident.to_string()),
        _ => false,
    })
}

/// The parameters that have a type; `rustc` itself complains about the other one, `self`.
pub fn parameters(sig: &Signature) -> impl Iterator<Item = &syn::PatType> {
    sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(parameter) => Some(parameter),
        FnArg::Receiver(_) => None,
    })
}
