//! The `impl` block as it was written, the bodies in it unread.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Attribute, Generics, ImplItem, Path, Signature, Token, Type, Visibility, braced,
    parse::{Parse, ParseStream, discouraged::Speculative},
};

use crate::model::sharded::{Block, Function, Member};

/// What stands behind `impl`.
pub struct Written {
    pub block: Block,
    /// The trait that it implements, which none should be.
    pub of_trait: Option<Path>,
}

impl Parse for Written {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        input.parse::<Option<Token![unsafe]>>()?;
        input.parse::<Token![impl]>()?;
        let mut generics: Generics = input.parse()?;
        let (this, of_trait) = named(input)?;
        generics.where_clause = input.parse()?;
        let content;
        braced!(content in input);
        let mut members = Vec::new();
        while !content.is_empty() {
            members.push(member(&content)?);
        }
        Ok(Written { block: Block { attrs, generics, this, members }, of_trait })
    }
}

/// `Type`, or `Trait for Type`.
fn named(input: ParseStream) -> syn::Result<(Type, Option<Path>)> {
    let first: Type = input.parse()?;
    if input.parse::<Option<Token![for]>>()?.is_none() {
        return Ok((first, None));
    }
    let of_trait = syn::parse2(first.into_token_stream())?;
    Ok((input.parse()?, Some(of_trait)))
}

fn member(input: ParseStream) -> syn::Result<Member> {
    let ahead = input.fork();
    let attrs = ahead.call(Attribute::parse_outer)?;
    let vis: Visibility = ahead.parse()?;
    let Ok(sig) = ahead.parse::<Signature>() else {
        return Ok(Member::Other(input.parse::<ImplItem>()?.into_token_stream()));
    };
    // Or a `;`, about which `rustc` has something to say.
    let body: TokenTree = ahead.parse()?;
    input.advance_to(&ahead);
    Ok(Member::Function(Box::new(Function { attrs, vis, sig, body: TokenStream::from(body) })))
}
