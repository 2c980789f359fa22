//! Take, run, give back, written into the surrounding async body.
//!
//! A block and not a future of its own: a nested `async` block costs its state and whatever it captures; this costs
//! what is held, and nothing else.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, ExprMethodCall, LitInt, Path, Token, parse_quote, spanned::Spanned, token::Paren};

use super::block::{tail, wrapped};
use crate::model::guarded::{Guarded, Limits, Take, Wait};

pub fn lower(guarded: Guarded) -> TokenStream {
    let Guarded { krate, take, limits, body } = guarded;
    let [guard, error] = ["_guard", "error"].map(|name| Ident::new(name, Span::mixed_site()));
    let limited = limits.timeout.is_some() || limits.abort.is_some();
    let (mut first, mut value) = (None, None);
    let taken = match take {
        Take::Gate(gate) => call(gate, "hold", None).into_token_stream(),
        Take::Units { semaphore, units, known } => {
            first = known.map(|(semaphore, units)| check(&krate, &semaphore, &units));
            let units = units.unwrap_or_else(|| parse_quote!(1));
            wait(&krate, call(semaphore, "acquire", Some(units)), limits)
        }
        Take::Lock { pattern, wait: lock } => {
            // Gives a `RwLock` a method `lock` that says what to write instead.
            first = Some(quote!(#[allow(unused_imports)] use #krate::__private::LockOneWay as _;));
            let lock = match lock {
                Wait::Call(lock) => lock,
                Wait::Lock(lock) => call(lock, "lock", None),
            };
            value = Some(quote!(let #pattern = #krate::__private::Held::held(&mut #guard);));
            wait(&krate, lock, limits)
        }
    };
    let mutable = value.as_ref().map(|_| quote!(mut));
    // By `match`, because what the user's expressions borrow lives as long.
    let run = if value.is_some() && !limited {
        let body = tail(body);
        quote!(match #taken { #mutable #guard => { #value #body } })
    } else {
        let body = wrapped(&body, |output| quote!(#krate::__private::Result::Ok(#output)));
        // Apart, because a `Result` that was matched would stay in the future as long as what was in its `Ok`.
        quote! {
            match #krate::__private::apart(#taken) {
                (#mutable #guard, #error) => match #error {
                    #krate::__private::Option::None => { #value #body }
                    #krate::__private::Option::Some(#error) => #krate::__private::Result::Err(#error),
                }
            }
        }
    };
    match first {
        Some(first) => quote!({ #first #run }),
        None => run,
    }
}

/// Asks for no more than there are, where the compiler knows both.
fn check(krate: &Path, semaphore: &Path, units: &LitInt) -> TokenStream {
    let name = quote!(#semaphore).to_string().replace(' ', "");
    let message =
        format!("`{units}` units asked of semaphore `{name}`, which has fewer: nobody would ever get them");
    // An item, because an inline `const { .. }` in a function that nobody calls is never evaluated.
    quote_spanned! {units.span()=>
        const _: () = ::core::assert!(#units <= #krate::__private::capacity(&#semaphore), #message);
    }
}

/// Waits within the limits.
fn wait(krate: &Path, wait: Expr, limits: Limits) -> TokenStream {
    let mut wait = wait.into_token_stream();
    if let Some(timeout) = limits.timeout {
        wait = quote!(#krate::sync::Limit::within(#wait, #timeout));
    }
    if let Some(abort) = limits.abort {
        wait = quote!(#krate::sync::Limit::unless(#wait, &#abort));
    }
    quote!(#wait.await)
}

/// `object.method(argument)`. The name stands on the user's tokens, where `rustc` says that a value has no such method.
fn call(object: Expr, method: &str, argument: Option<Expr>) -> Expr {
    let span = object.span();
    Expr::MethodCall(ExprMethodCall {
        attrs: Vec::new(),
        receiver: Box::new(object),
        dot_token: Token![.](span),
        method: Ident::new(method, span),
        turbofish: None,
        paren_token: Paren(span),
        args: argument.into_iter().collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{errors::Errors, lower::expect::expect_expr, parse};

    #[test]
    fn units_of_a_static() {
        let call = quote!(sea; limits::READS, 2 => read(n).await?);
        let expected = "
{
    const _: () = ::core::assert!(
        2 <= sea::__private::capacity(& limits::READS),
        \"`2` units asked of semaphore `limits::READS`, which has fewer: nobody would ever get them\"
    );
    match sea::__private::apart(limits::READS.acquire(2).await) {
        (_guard, error) => {
            match error {
                sea::__private::Option::None => {
                    #[allow(clippy::diverging_sub_expression)]
                    let _output = read(n).await?;
                    #[allow(unreachable_code)] sea::__private::Result::Ok(_output)
                }
                sea::__private::Option::Some(error) => {
                    sea::__private::Result::Err(error)
                }
            }
        }
    }
}
";
        expect_expr(lower(parse::with_semaphore::parse(call, &mut Errors::default())), expected);
    }

    #[test]
    fn one_unit_with_a_limit() {
        let call = quote!(sea; &self.reads, timeout = limit, abort = source => return);
        let expected = "
match sea::__private::apart(
    sea::sync::Limit::unless(
            sea::sync::Limit::within((&self.reads).acquire(1), limit),
            &source,
        )
        .await,
) {
    (_guard, error) => {
        match error {
            sea::__private::Option::None => {
                #[allow(clippy::diverging_sub_expression)]
                let _output = return;
                #[allow(unreachable_code)] sea::__private::Result::Ok(_output)
            }
            sea::__private::Option::Some(error) => sea::__private::Result::Err(error),
        }
    }
}
";
        expect_expr(lower(parse::with_semaphore::parse(call, &mut Errors::default())), expected);
    }

    #[test]
    fn a_gate() {
        let call = quote!(sea; gate => read(n).await);
        let expected = "
match sea::__private::apart(gate.hold()) {
    (_guard, error) => {
        match error {
            sea::__private::Option::None => {
                #[allow(clippy::diverging_sub_expression)]
                let _output = read(n).await;
                #[allow(unreachable_code)] sea::__private::Result::Ok(_output)
            }
            sea::__private::Option::Some(error) => sea::__private::Result::Err(error),
        }
    }
}
";
        expect_expr(lower(parse::with_gate::parse(call, &mut Errors::default())), expected);
    }

    #[test]
    fn a_lock() {
        let call = quote!(sea; (a, b) = self.pair => read(a, b).await);
        let expected = "
{
    #[allow(unused_imports)]
    use sea::__private::LockOneWay as _;
    match self.pair.lock().await {
        mut _guard => {
            let (a, b) = sea::__private::Held::held(&mut _guard);
            read(a, b).await
        }
    }
}
";
        expect_expr(lower(parse::with_lock::parse(call, &mut Errors::default())), expected);
    }

    #[test]
    fn a_lock_with_a_limit() {
        let call = quote!(sea; value = lock.read(), timeout = limit => *value);
        let expected = "
{
    #[allow(unused_imports)]
    use sea::__private::LockOneWay as _;
    match sea::__private::apart(sea::sync::Limit::within(lock.read(), limit).await) {
        (mut _guard, error) => {
            match error {
                sea::__private::Option::None => {
                    let value = sea::__private::Held::held(&mut _guard);
                    #[allow(clippy::diverging_sub_expression)]
                    let _output = *value;
                    #[allow(unreachable_code)] sea::__private::Result::Ok(_output)
                }
                sea::__private::Option::Some(error) => {
                    sea::__private::Result::Err(error)
                }
            }
        }
    }
}
";
        expect_expr(lower(parse::with_lock::parse(call, &mut Errors::default())), expected);
    }
}
