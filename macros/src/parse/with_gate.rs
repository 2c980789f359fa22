//! `with_gate!(gate => body)`

use proc_macro2::TokenStream;
use quote::quote;
use syn::Expr;

use super::statement::{self, Call};
use crate::{
    errors::Errors,
    model::guarded::{Guarded, Limits, Take},
};

const FORM: &str = "with_gate!(gate => body)";

pub fn parse(input: TokenStream, errors: &mut Errors) -> Guarded {
    let Call { krate, head, body } = statement::parse(input, FORM, errors);
    let is_empty = head.is_empty();
    let mut arguments = statement::arguments(head, errors).into_iter();
    let gate = arguments.next().unwrap_or_else(|| {
        if is_empty {
            errors.here(format!("nothing says which gate; write `{FORM}`"));
        }
        Expr::Verbatim(quote!(#krate::sync::Gate::new()))
    });
    for argument in arguments {
        errors.at(argument, format!("a gate is all that stands before `=>`; write `{FORM}`"));
    }
    Guarded { krate, take: Take::Gate(gate), limits: Limits::default(), body }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_named() {
        let mistakes = |input| {
            let mut errors = Errors::default();
            parse(quote!(::seastar; #input), &mut errors);
            errors.messages()
        };
        assert_eq!(mistakes(quote!(&self.gate => 1)), [""; 0]);
        assert_eq!(mistakes(quote!(=> 1)), [format!("nothing says which gate; write `{FORM}`")]);
        let all = format!("a gate is all that stands before `=>`; write `{FORM}`");
        assert_eq!(mistakes(quote!(gate, 1, 2 => 1)), [all.clone(), all]);
    }
}
