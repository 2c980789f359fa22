//! `when_all!(future, other)`, `when_all_succeed!(future, other)`, `when_any! { name = future => body, .. }`

use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    Expr, Pat, Token,
    parse::{ParseStream, Parser},
};

use super::statement::{arguments, front_door, unbraced};
use crate::{
    errors::Errors,
    model::joined::{Arm, Joined, Raced, Value},
};

/// More futures than this are not polled one by one at each wake.
const FUTURES_MAX: usize = 32;

pub fn parse_all(input: TokenStream, value: Value, errors: &mut Errors) -> Joined {
    let (krate, list) = front_door(input);
    let name = match value {
        Value::Outputs => "when_all",
        Value::Successes => "when_all_succeed",
    };
    let is_empty = list.is_empty();
    let mut futures = arguments(list, errors);
    if is_empty {
        errors.here(format!("there is nothing to wait for; write `{name}!(future, other)`"));
    }
    check(&mut futures.iter_mut(), name, "`parallel_for_each`", errors);
    Joined { krate, futures, value }
}

pub fn parse_any(input: TokenStream, errors: &mut Errors) -> Raced {
    let (krate, list) = front_door(input);
    let mut arms = Vec::new();
    let reading = |input: ParseStream| {
        while !input.is_empty() {
            arms.push(arm(input)?);
        }
        Ok(())
    };
    if let Err(error) = reading.parse2(list) {
        errors.add(error);
    } else if arms.is_empty() {
        errors.here("there is nothing to wait for; write `when_any! { name = future => body }`");
    }
    check(&mut arms.iter_mut().map(|arm| &mut arm.future), "when_any", "a `Queue` that fibers fill", errors);
    Raced { krate, arms }
}

fn arm(input: ParseStream) -> syn::Result<Arm> {
    let form = "write `name = future => body`, or `_ = ..` where the output does not matter";
    let pattern = Pat::parse_single(input).map_err(|error| syn::Error::new(error.span(), form))?;
    if !input.peek(Token![=]) || input.peek(Token![=>]) {
        return Err(syn::Error::new_spanned(&pattern, format!("no name takes the output; {form}")));
    }
    input.parse::<Token![=]>()?;
    let future: Expr = input.parse()?;
    if !input.peek(Token![=>]) {
        return Err(syn::Error::new_spanned(&future, format!("no `=>` says what to do then; {form}")));
    }
    input.parse::<Token![=>]>()?;
    let body = Expr::parse_with_earlier_boundary_rule(input)?;
    // As after the arms of `match`.
    let comma: Option<Token![,]> = input.parse()?;
    if comma.is_none() && !input.is_empty() && !matches!(body, Expr::Block(_)) {
        return Err(input.error("a comma belongs between two arms"));
    }
    Ok(Arm { pattern, future, body: unbraced(body) })
}

/// Looks at what is to be waited for, and takes away what would be wrong.
fn check(
    futures: &mut dyn ExactSizeIterator<Item = &mut Expr>,
    name: &str,
    instead: &str,
    errors: &mut Errors,
) {
    let count = futures.len();
    for (at, future) in futures.enumerate() {
        if at == FUTURES_MAX {
            let message =
                format!("`{name}!` takes up to {FUTURES_MAX} futures, and these are {count}; use {instead}");
            errors.at(&future, message);
        }
        if let Expr::Await(awaited) = future {
            let dot = awaited.dot_token;
            let keyword = awaited.await_token;
            let message = format!(
                "`{name}!` awaits its futures, all of them at a time; remove `.await`, which would wait for this one before"
            );
            errors.at(quote!(#dot #keyword), message);
            *future = Expr::clone(&awaited.base);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(list: TokenStream) -> (usize, Vec<String>) {
        let mut errors = Errors::default();
        let joined = parse_all(quote!(::seastar; #list), Value::Outputs, &mut errors);
        (joined.futures.len(), errors.messages())
    }

    fn any(list: TokenStream) -> (Vec<String>, Vec<String>) {
        let mut errors = Errors::default();
        let arms = parse_any(quote!(::seastar; #list), &mut errors).arms.into_iter();
        let arms = arms.map(|Arm { pattern, future, body }| quote!(#pattern | #future | #body).to_string());
        (arms.collect(), errors.messages())
    }

    #[test]
    fn all_is_a_list() {
        assert_eq!(all(quote!(a(), b::<u8, u8>(),)), (2, vec![]));
        assert_eq!(all(quote!((a.await), b.await?.read())), (2, vec![]));
    }

    #[test]
    fn mistakes_in_all_are_named() {
        let nothing = "there is nothing to wait for; write `when_all!(future, other)`";
        assert_eq!(all(quote!()), (0, vec![nothing.into()]));
        let awaits = "`when_all!` awaits its futures, all of them at a time; remove `.await`, which would wait for this one before";
        assert_eq!(all(quote!(a.await, b, c.await)).1, [awaits, awaits]);
        let many: TokenStream = (0..33).map(|_| quote!(a,)).collect();
        assert_eq!(
            all(many).1,
            ["`when_all!` takes up to 32 futures, and these are 33; use `parallel_for_each`"]
        );
        assert_eq!(all(quote!(a b)).1, ["expected `,`"]);
    }

    #[test]
    fn any_is_a_list_of_arms() {
        let arms = quote! { x = f() => { x } (a, _) = g() => match a { _ => 1 }, _ = h() => 2 };
        assert_eq!(
            any(arms),
            (
                ["x | f () | x", "(a , _) | g () | match a { _ => 1 }", "_ | h () | 2"]
                    .map(String::from)
                    .into(),
                vec![]
            )
        );
    }

    #[test]
    fn mistakes_in_any_are_named() {
        let form = "write `name = future => body`, or `_ = ..` where the output does not matter";
        let mistakes = |list| any(list).1;
        assert_eq!(
            mistakes(quote!()),
            ["there is nothing to wait for; write `when_any! { name = future => body }`"]
        );
        assert_eq!(mistakes(quote!(f => 1)), [format!("no name takes the output; {form}")]);
        assert_eq!(mistakes(quote!(x = f())), [format!("no `=>` says what to do then; {form}")]);
        assert_eq!(mistakes(quote!(f() => 1)).len(), 1);
        assert_eq!(mistakes(quote!(x = f => 1 y = g => 2)), ["a comma belongs between two arms"]);
        let awaits = "`when_any!` awaits its futures, all of them at a time; remove `.await`, which would wait for this one before";
        assert_eq!(mistakes(quote!(x = f().await => 1)), [awaits]);
    }
}
