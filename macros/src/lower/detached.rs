//! A fiber without a handle.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::detached::{Detached, Policy};

pub fn lower(detached: Detached) -> TokenStream {
    let Detached { krate, gate, policy, future } = detached;
    let gate = match gate {
        Some(gate) => quote!(&#gate),
        None => quote!(&#krate::__private::NoGate),
    };
    let policy = match policy {
        Policy::Log => quote!(#krate::__private::Log),
        Policy::Ignore => quote!(#krate::__private::Ignore),
        Policy::Stop => quote!(#krate::__private::Stop),
        Policy::Call(call) => return quote!(#krate::__private::background_calling(#gate, #call, #future)),
    };
    quote!(#krate::__private::background(#gate, #policy, #future))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{errors::Errors, lower::expect::expect_expr, parse};

    fn expands(call: TokenStream, expected: &str) {
        let call = quote!(sea; #call);
        expect_expr(lower(parse::background::parse(call, &mut Errors::default())), expected);
    }

    #[test]
    fn a_call() {
        expands(
            quote!(gate = none, on_error = stop => work()),
            "sea::__private::background(&sea::__private::NoGate, sea::__private::Stop, work())",
        );
        expands(
            quote!(gate = self.gate, on_error = |error| tell(error) => work()),
            "sea::__private::background_calling(&self.gate, |error| tell(error), work())",
        );
    }
}
