//! Collects every mistake of one macro call, so that the user sees them all at once.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;

/// The mistakes found so far.
#[derive(Default)]
pub struct Errors(Option<syn::Error>);

impl Errors {
    /// Reports `message` on the tokens that are wrong.
    pub fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        let error = syn::Error::new_spanned(tokens, message);
        match &mut self.0 {
            Some(all) => all.combine(error),
            None => self.0 = Some(error),
        }
    }
}

/// What `build` makes of the user's code, followed by the mistakes it found there.
pub fn expand(build: impl FnOnce(&mut Errors) -> TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let mut tokens = build(&mut errors);
    tokens.extend(errors.0.map(syn::Error::into_compile_error));
    tokens
}

#[cfg(test)]
impl Errors {
    /// One line for each mistake: the tokens it is about are the user's business, the text is ours.
    pub fn messages(self) -> Vec<String> {
        self.0.into_iter().flatten().map(|error| error.to_string()).collect()
    }
}
