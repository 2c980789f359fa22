//! Collects every mistake of one macro call, so that the user sees them all at once.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};

/// The mistakes found so far.
#[derive(Default)]
pub struct Errors {
    found: Option<syn::Error>,
    enough: bool,
}

impl Errors {
    /// Reports `message` on the tokens that are wrong.
    pub fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.add(syn::Error::new_spanned(tokens, message));
    }

    /// Reports `message` on the whole call, where no token is wrong because one is missing.
    pub fn here(&mut self, message: impl Display) {
        self.add(syn::Error::new(Span::call_site(), message));
    }

    /// Reports what a parser found.
    pub fn add(&mut self, error: syn::Error) {
        match &mut self.found {
            _ if self.enough => {}
            Some(all) => all.combine(error),
            None => self.found = Some(error),
        }
    }

    /// From now on reports nothing: what was found is so wrong that the rest would only be its consequences.
    pub fn enough(&mut self) {
        self.enough = true;
    }

    /// Whether [`enough`](Self::enough) was said.
    pub fn are_enough(&self) -> bool {
        self.enough
    }
}

/// What `build` makes of the user's code, followed by the mistakes it found there.
pub fn expand(build: impl FnOnce(&mut Errors) -> TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let mut tokens = build(&mut errors);
    tokens.extend(errors.found.map(syn::Error::into_compile_error));
    tokens
}

/// [`expand`] where an expression is asked for.
pub fn expand_expr(build: impl FnOnce(&mut Errors) -> TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let tokens = build(&mut errors);
    match errors.found.map(syn::Error::into_compile_error) {
        // First, because the value is that of the last one.
        Some(errors) => quote!({ #errors #tokens }),
        None => tokens,
    }
}

#[cfg(test)]
impl Errors {
    /// One line for each mistake: the tokens it is about are the user's business, the text is ours.
    pub fn messages(self) -> Vec<String> {
        self.found.into_iter().flatten().map(|error| error.to_string()).collect()
    }
}
