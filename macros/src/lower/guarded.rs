//! Take, run, give back, written into the surrounding async body.
//!
//! A block and not a future of its own: a nested `async` block costs its state and whatever it captures; this costs
//! what is held, and nothing else.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Expr, ExprMethodCall, Token, parse_quote, spanned::Spanned, token::Paren};

use super::block::wrapped;
use crate::model::guarded::{Guarded, Take};

pub fn lower(guarded: Guarded) -> TokenStream {
    let Guarded { krate, take, body } = guarded;
    let mut check = None;
    let taken = match take {
        Take::Gate(gate) => {
            let hold = call(gate, "hold", None);
            quote!(#hold)
        }
        Take::Units { semaphore, units, timeout, abort, known } => {
            check = known.map(|(semaphore, units)| {
                let message = format!(
                    "`{units}` units asked of semaphore `{}`, which has fewer: nobody would ever get them",
                    quote!(#semaphore).to_string().replace(' ', "")
                );
                // An item, because an inline `const { .. }` in a function that nobody calls is never evaluated.
                quote_spanned! {units.span()=>
                    const _: () = ::core::assert!(#units <= #krate::__private::capacity(&#semaphore), #message);
                }
            });
            let acquire = call(semaphore, "acquire", Some(units.unwrap_or_else(|| parse_quote!(1))));
            let mut wait = quote!(#acquire);
            if let Some(timeout) = timeout {
                wait = quote!(#krate::sync::Limit::within(#wait, #timeout));
            }
            if let Some(abort) = abort {
                wait = quote!(#krate::sync::Limit::unless(#wait, &#abort));
            }
            quote!(#wait.await)
        }
    };
    let [guard, error] = ["_guard", "error"].map(|name| Ident::new(name, Span::mixed_site()));
    let body = wrapped(&body, |output| quote!(#krate::__private::Result::Ok(#output)));
    // Apart, because a `Result` that was matched would stay in the future as long as what was in its `Ok`. By `match`,
    // because what the user's expressions borrow lives as long.
    let run = quote! {
        match #krate::__private::apart(#taken) {
            (#guard, #error) => match #error {
                #krate::__private::Option::None => { #body }
                #krate::__private::Option::Some(#error) => #krate::__private::Result::Err(#error),
            }
        }
    };
    match check {
        Some(check) => quote!({ #check #run }),
        None => run,
    }
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
}
