//! `do_with!(name = value, mut other: Type = value => body)`

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{
    Pat, Token,
    parse::{ParseStream, Parser},
};

use super::statement::{self, Call};
use crate::{
    errors::Errors,
    model::scope::{Binding, Scope},
};

const FORM: &str = "do_with!(name = value => body)";

pub fn parse(input: TokenStream, errors: &mut Errors) -> Scope {
    let Call { krate: _, head, body } = statement::parse(input, FORM, errors);
    let mut bindings: Vec<Binding> = Vec::new();
    let reading = |input: ParseStream| read(input, &mut bindings);
    if let Err(error) = reading.parse2(head) {
        errors.add(error);
    } else if bindings.is_empty() {
        errors.here(format!("nothing is kept for the body; write `{FORM}`"));
    }
    for (at, binding) in bindings.iter().enumerate() {
        let name = name_of(&binding.pattern);
        if name != "_" && bindings[..at].iter().any(|earlier| name_of(&earlier.pattern) == name) {
            let message = format!("`{name}` is bound twice, and the first one could not be seen; rename one");
            errors.at(&binding.pattern, message);
        }
    }
    Scope { bindings, body }
}

/// Takes one binding after the other, so that those before a mistake are still there for the body.
fn read(input: ParseStream, bindings: &mut Vec<Binding>) -> syn::Result<()> {
    while !input.is_empty() {
        let none = format!("a value to keep needs a name: write `{FORM}`");
        let pattern = statement::name(input, &none)?;
        let ty = match input.parse::<Option<Token![:]>>()? {
            Some(_) => Some(input.parse()?),
            None => None,
        };
        if !input.peek(Token![=]) {
            return Err(syn::Error::new_spanned(&pattern, none));
        }
        input.parse::<Token![=]>()?;
        bindings.push(Binding { pattern, ty, value: input.parse()? });
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(())
}

/// The one name that a pattern is, or the tokens of any other.
fn name_of(pattern: &Pat) -> String {
    match pattern {
        Pat::Ident(name) => name.ident.to_string(),
        other => other.to_token_stream().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    fn parsed(input: TokenStream) -> (Vec<String>, Vec<String>) {
        let mut errors = Errors::default();
        let scope = parse(quote!(::seastar; #input), &mut errors);
        let bindings = scope.bindings.iter().map(|Binding { pattern, ty, value }| {
            let ty = ty.as_ref().map(|ty| quote!(: #ty));
            quote!(#pattern #ty = #value).to_string()
        });
        (bindings.collect(), errors.messages())
    }

    #[test]
    fn reads_names_patterns_and_types() {
        let input = quote!(mut a = 1, (b, _) = two::<u8, u8>(), c: Vec<u8> = x?, => a);
        let bindings = ["mut a = 1", "(b , _) = two :: < u8 , u8 > ()", "c : Vec < u8 > = x ?"];
        assert_eq!(parsed(input), (bindings.map(String::from).into(), vec![]));
    }

    #[test]
    fn every_mistake_is_named() {
        let mistakes = |input| parsed(input).1;
        let form = "write `do_with!(name = value => body)`";
        assert_eq!(mistakes(quote!(a = 1)), [format!("no `=>` says where the body begins; {form}")]);
        assert_eq!(mistakes(quote!(=> a)), [format!("nothing is kept for the body; {form}")]);
        assert_eq!(mistakes(quote!(a = 1 =>)), [format!("nothing stands after `=>`; {form}")]);
        assert_eq!(mistakes(quote!(a => a)), [format!("a value to keep needs a name: {form}")]);
        assert_eq!(mistakes(quote!([0; 9] => a)), [format!("a value to keep needs a name: {form}")]);
        let short = "leave out `let`; the name is only there for the body";
        assert_eq!(mistakes(quote!(let mut a = 1 => a)), [short]);
        let twice = "`a` is bound twice, and the first one could not be seen; rename one";
        assert_eq!(mistakes(quote!(a = 1, mut a = 2 => a)), [twice]);
        let braces = "several statements need braces: `=> { .. }`";
        assert_eq!(mistakes(quote!(a = 1 => f(a); g(a))), [braces]);
        assert_eq!(mistakes(quote!(a = 1, _ = 2, _ = 3 => a +)), [""; 0], "rustc tells");
    }

    #[test]
    fn what_stands_before_a_mistake_is_kept() {
        assert_eq!(parsed(quote!(a = 1, b => a)).0, ["a = 1"]);
    }
}
