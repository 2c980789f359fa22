//! Futures side by side: pairs of pairs, which are one value within the surrounding future.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Expr, Path, spanned::Spanned};

use super::block::tail;
use crate::{
    krate::located,
    model::joined::{Arm, Joined, Raced, Value},
};

pub fn lower_all(joined: Joined) -> TokenStream {
    let Joined { krate, futures, value } = joined;
    if futures.is_empty() {
        return quote!(());
    }
    let names: Vec<Ident> =
        (0..futures.len()).map(|n| format_ident!("output{n}", span = Span::mixed_site())).collect();
    let children = futures.iter().map(|future| {
        let krate = located(&krate, future.span());
        let span = future.span();
        let future = into_future(&krate, future);
        quote_spanned!(span=> #krate::__private::Child::Running(#future))
    });
    let children = nest(children.collect(), |first, others| quote!(#krate::__private::Pair(#first, #others)));
    let outputs =
        nest(names.iter().map(|name| quote!(#name)).collect(), |first, others| quote!((#first, #others)));
    let tuple = quote!((#(#names,)*));
    // From the last to the first, each around those after it, so that the first failure is seen first.
    let value = match value {
        Value::Outputs => tuple,
        Value::Successes => names.iter().zip(&futures).rev().fold(
            quote!(#krate::__private::Result::Ok(#tuple)),
            |others, (name, future)| {
                let krate = located(&krate, future.span());
                quote_spanned! {future.span()=>
                    match #name {
                        #krate::__private::Result::Ok(#name) => #others,
                        #krate::__private::Result::Err(#name) => #krate::__private::Result::Err(#name),
                    }
                }
            },
        ),
    };
    quote! {{
        let #outputs = #krate::__private::All(#children).await;
        #value
    }}
}

pub fn lower_any(raced: Raced) -> TokenStream {
    let Raced { krate, arms } = raced;
    if arms.is_empty() {
        return quote!(());
    }
    let futures = arms.iter().map(|arm| into_future(&krate, &arm.future)).collect();
    let futures = nest(futures, |first, others| quote!(#krate::__private::Race(#first, #others)));
    let (winner, output) =
        (Ident::new("winner", Span::mixed_site()), Ident::new("output", Span::mixed_site()));
    let last = arms.len() - 1;
    let arms = arms.into_iter().enumerate().map(|(at, Arm { pattern, future: _, body })| {
        let mut place = match at == last {
            true => quote!(#output),
            false => quote!(#krate::__private::Either::First(#output)),
        };
        for _ in 0..at {
            place = quote!(#krate::__private::Either::Second(#place));
        }
        let body = tail(body);
        quote!(#place => { let #pattern = #output; #body })
    });
    // A statement of its own, so that nothing of the losers is left when the body runs.
    quote! {{
        let #winner = #futures.await;
        match #winner { #(#arms)* }
    }}
}

/// On the user's tokens, where `rustc` says that a value is not a future.
fn into_future(krate: &Path, future: &Expr) -> TokenStream {
    let krate = located(krate, future.span());
    quote_spanned!(future.span()=> #krate::__private::IntoFuture::into_future(#future))
}

/// `a`, `(a, b)`, `(a, (b, c))`, ...
fn nest(items: Vec<TokenStream>, pair: impl Fn(TokenStream, TokenStream) -> TokenStream) -> TokenStream {
    items.into_iter().rev().reduce(|others, first| pair(first, others)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{errors::Errors, lower::expect::expect_expr, parse::joined};

    #[test]
    fn all() {
        let call = quote!(sea; a(), b, c);
        let expected = "
{
    let (output0, (output1, output2)) = sea::__private::All(
            sea::__private::Pair(
                sea::__private::Child::Running(
                    sea::__private::IntoFuture::into_future(a()),
                ),
                sea::__private::Pair(
                    sea::__private::Child::Running(
                        sea::__private::IntoFuture::into_future(b),
                    ),
                    sea::__private::Child::Running(
                        sea::__private::IntoFuture::into_future(c),
                    ),
                ),
            ),
        )
        .await;
    (output0, output1, output2)
}
";
        expect_expr(lower_all(joined::parse_all(call, Value::Outputs, &mut Errors::default())), expected);
    }

    #[test]
    fn all_succeed() {
        let call = quote!(sea; a);
        let expected = "
{
    let output0 = sea::__private::All(
            sea::__private::Child::Running(
                sea::__private::IntoFuture::into_future(a),
            ),
        )
        .await;
    match output0 {
        sea::__private::Result::Ok(output0) => sea::__private::Result::Ok((output0,)),
        sea::__private::Result::Err(output0) => sea::__private::Result::Err(output0),
    }
}
";
        expect_expr(lower_all(joined::parse_all(call, Value::Successes, &mut Errors::default())), expected);
    }

    #[test]
    fn any() {
        let call = quote!(sea; x = a() => f(x)?, _ = b => 2, (y, _) = c => { y });
        let expected = "
{
    let winner = sea::__private::Race(
            sea::__private::IntoFuture::into_future(a()),
            sea::__private::Race(
                sea::__private::IntoFuture::into_future(b),
                sea::__private::IntoFuture::into_future(c),
            ),
        )
        .await;
    match winner {
        sea::__private::Either::First(output) => {
            let x = output;
            f(x)?
        }
        sea::__private::Either::Second(sea::__private::Either::First(output)) => {
            let _ = output;
            2
        }
        sea::__private::Either::Second(sea::__private::Either::Second(output)) => {
            let (y, _) = output;
            y
        }
    }
}
";
        expect_expr(lower_any(joined::parse_any(call, &mut Errors::default())), expected);
    }
}
