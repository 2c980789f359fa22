//! `with_lock!(value = lock, timeout = duration, abort = source => body)`

use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    Expr, Pat, Token,
    parse::{ParseStream, Parser},
};

use super::{
    limits,
    statement::{self, Call},
};
use crate::{
    errors::Errors,
    model::guarded::{Guarded, Limits, Take, Wait},
};

const FORM: &str = "with_lock!(value = lock => body)";

pub fn parse(input: TokenStream, errors: &mut Errors) -> Guarded {
    let Call { krate, head, body } = statement::parse(input, FORM, errors);
    let mut options = TokenStream::new();
    let reading = |input: ParseStream| {
        let none = format!("no name takes what the lock protects; write `{FORM}`, or `_ = lock`");
        let pattern = statement::name(input, &none)?;
        if !input.peek(Token![=]) {
            return Err(syn::Error::new_spanned(&pattern, none));
        }
        input.parse::<Token![=]>()?;
        let lock = input.parse()?;
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
        options = input.parse()?;
        Ok((pattern, lock))
    };
    let (pattern, lock) = match head.is_empty() {
        true => Err(syn::Error::new(
            proc_macro2::Span::call_site(),
            format!("nothing says which lock; write `{FORM}`"),
        )),
        false => reading.parse2(head),
    }
    .unwrap_or_else(|error| {
        errors.add(error);
        (
            Pat::Wild(syn::PatWild { attrs: Vec::new(), underscore_token: Default::default() }),
            Expr::Verbatim(quote!(#krate::sync::Mutex::new(()))),
        )
    });
    let mut limits = Limits::default();
    for option in statement::arguments(options, errors) {
        match option {
            Expr::Assign(option) => limits::set(&mut limits, option, errors),
            other => {
                errors.at(other, "behind the lock there are only `timeout = duration` and `abort = source`")
            }
        }
    }
    Guarded { krate, take: Take::Lock { pattern, wait: wait(lock) }, limits, body }
}

fn wait(lock: Expr) -> Wait {
    match &lock {
        Expr::MethodCall(call)
            if call.args.is_empty() && ["lock", "read", "write"].iter().any(|name| call.method == name) =>
        {
            Wait::Call(lock)
        }
        _ => Wait::Lock(lock),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(input: TokenStream) -> (String, Vec<String>) {
        let mut errors = Errors::default();
        let Guarded { take, limits: Limits { timeout, abort }, .. } =
            parse(quote!(::seastar; #input), &mut errors);
        let Take::Lock { pattern, wait } = take else { panic!("no lock") };
        let wait = match wait {
            Wait::Call(call) => quote!(call #call),
            Wait::Lock(lock) => quote!(lock #lock),
        };
        (quote!(#pattern | #wait | #timeout | #abort).to_string(), errors.messages())
    }

    #[test]
    fn a_lock_or_a_way_to_lock() {
        assert_eq!(parsed(quote!(v = &self.lock => v)), ("v | lock & self . lock | |".into(), vec![]));
        assert_eq!(
            parsed(quote!((a, b) = l.write(), => a)),
            ("(a , b) | call l . write () | |".into(), vec![])
        );
        let options = quote!(v = locks.read(key), abort = x, timeout = y => v);
        assert_eq!(parsed(options), ("v | lock locks . read (key) | y | x".into(), vec![]));
    }

    #[test]
    fn every_mistake_is_named() {
        let mistakes = |input| parsed(input).1;
        let missing = format!("nothing says which lock; write `{FORM}`");
        assert_eq!(mistakes(quote!(=> 1)), [missing]);
        let name = format!("no name takes what the lock protects; write `{FORM}`, or `_ = lock`");
        assert_eq!(mistakes(quote!(lock => 1)), [name]);
        let only = "behind the lock there are only `timeout = duration` and `abort = source`";
        assert_eq!(mistakes(quote!(v = lock, 1 => 1)), [only]);
        let option = "there is no option `timeouts`; did you mean `timeout`?";
        assert_eq!(mistakes(quote!(v = lock, timeouts = 1 => 1)), [option]);
    }
}
