//! A body that is dropped when its time is up.
//!
//! This needs a future that can be dropped apart from the surrounding one. It is the user's own where the body is
//! `future.await`; otherwise it is an `async` block, which borrows what it uses from the surrounding body.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use super::{block::wrapped, leaving};
use crate::model::timed::{Timed, Work};

pub fn lower(timed: Timed) -> TokenStream {
    let Timed { krate, duration, work } = timed;
    let output = Ident::new("output", Span::mixed_site());
    let ok = quote!(#krate::__private::Result::Ok);
    let mut learn = None;
    let (future, ends) = match work {
        Work::Future { future, question: None } => {
            return quote!(#krate::time::timeout(#duration, #future).await);
        }
        Work::Future { future, question } => {
            (quote!(#future), vec![(quote!(#output), quote!(#ok(#output #question)))])
        }
        Work::Body(mut body) => {
            let leaving = leaving::rewrite(&krate, &mut body);
            if leaving.is_empty() {
                return quote!(#krate::time::timeout(#duration, async { #body }).await);
            }
            let done = wrapped(&body, |output| leaving.done(output));
            let mut ends = vec![(leaving.done(&output), quote!(#ok(#output)))];
            ends.extend(leaving.arms(&output));
            let hints = leaving.hints();
            let know = hints.as_ref().map(|(_, know)| know);
            let future = quote!(async { #know #done });
            learn = hints.map(|(learn, _)| learn);
            (future, ends)
        }
    };
    let ends = ends.into_iter().map(|(place, value)| quote!(#ok(#place) => #value));
    let whole = quote! {
        match #krate::time::timeout(#duration, #future).await {
            #(#ends,)*
            #krate::__private::Result::Err(#output) => #krate::__private::Result::Err(#output),
        }
    };
    match learn {
        Some(learn) => quote!({ #learn #whole }),
        None => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{errors::Errors, lower::expect::expect_expr, parse};

    fn expands(call: TokenStream, expected: &str) {
        let call = quote!(sea; #call);
        expect_expr(lower(parse::with_timeout::parse(call, &mut Errors::default())), expected);
    }

    #[test]
    fn one_future() {
        expands(quote!(limit()? => read(x?).await), "sea::time::timeout(limit()?, read(x?)).await");
        let expected = "
match sea::time::timeout(limit, read(x?)).await {
    sea::__private::Result::Ok(output) => sea::__private::Result::Ok(output?),
    sea::__private::Result::Err(output) => sea::__private::Result::Err(output),
}
";
        expands(quote!(limit => read(x?).await?), expected);
    }

    #[test]
    fn a_body_with_one_end() {
        let body = quote!(loop {
            if done().await {
                break;
            }
        });
        let expected = "
sea::time::timeout(
        limit,
        async {
            loop {
                if done().await {
                    break;
                }
            }
        },
    )
    .await
";
        expands(quote!(limit => #body), expected);
    }

    #[test]
    fn a_body_with_ways_out() {
        let body = quote! {{
            'inner: loop { break 'inner }
            if a().await { break 'outer 1 }
            if b().await { continue }
            b()?;
        }};
        let expected = "
match sea::time::timeout(
        limit,
        async {
            #[allow(clippy::diverging_sub_expression)]
            let _output = {
                'inner: loop {
                    break 'inner;
                }
                if a().await {
                    return sea::__private::Either::Second(
                        sea::__private::Either::First(1),
                    );
                }
                if b().await {
                    return sea::__private::Either::Second(
                        sea::__private::Either::Second(
                            sea::__private::Either::First(()),
                        ),
                    );
                }
                (match sea::__private::Try::branch(b()) {
                    sea::__private::ControlFlow::Continue(value) => value,
                    sea::__private::ControlFlow::Break(residual) => {
                        return sea::__private::Either::Second(
                            sea::__private::Either::Second(
                                sea::__private::Either::Second(
                                    sea::__private::Either::First(
                                        sea::__private::FromResidual::from_residual(residual),
                                    ),
                                ),
                            ),
                        );
                    }
                });
            };
            #[allow(unreachable_code)] sea::__private::Either::First(_output)
        },
    )
    .await
{
    sea::__private::Result::Ok(sea::__private::Either::First(output)) => {
        sea::__private::Result::Ok(output)
    }
    sea::__private::Result::Ok(
        sea::__private::Either::Second(sea::__private::Either::First(output)),
    ) => break 'outer output,
    sea::__private::Result::Ok(
        sea::__private::Either::Second(
            sea::__private::Either::Second(sea::__private::Either::First(output)),
        ),
    ) => {
        let () = output;
        continue;
    }
    sea::__private::Result::Ok(
        sea::__private::Either::Second(
            sea::__private::Either::Second(
                sea::__private::Either::Second(sea::__private::Either::First(output)),
            ),
        ),
    ) => return output,
    sea::__private::Result::Ok(
        sea::__private::Either::Second(
            sea::__private::Either::Second(
                sea::__private::Either::Second(
                    sea::__private::Either::Second(output),
                ),
            ),
        ),
    ) => sea::__private::never(output),
    sea::__private::Result::Err(output) => sea::__private::Result::Err(output),
}
";
        expands(quote!(limit => #body), expected);
    }

    #[test]
    fn a_value_that_is_returned() {
        let expected = "
{
    let returns = sea::__private::Returning::new();
    #[allow(unreachable_code)]
    if false {
        loop {}
        return sea::__private::Returning::any(&returns);
    }
    match sea::time::timeout(
            limit,
            async {
                let returns = returns;
                #[allow(clippy::diverging_sub_expression)]
                let _output = return sea::__private::Either::Second(
                    sea::__private::Either::First(
                        sea::__private::Returning::same(&returns, x),
                    ),
                );
                #[allow(unreachable_code)] sea::__private::Either::First(_output)
            },
        )
        .await
    {
        sea::__private::Result::Ok(sea::__private::Either::First(output)) => {
            sea::__private::Result::Ok(output)
        }
        sea::__private::Result::Ok(
            sea::__private::Either::Second(sea::__private::Either::First(output)),
        ) => return output,
        sea::__private::Result::Ok(
            sea::__private::Either::Second(sea::__private::Either::Second(output)),
        ) => sea::__private::never(output),
        sea::__private::Result::Err(output) => sea::__private::Result::Err(output),
    }
}
";
        expands(quote!(limit => return x), expected);
    }

    #[test]
    fn ways_out_within_the_arguments_of_macros() {
        let rewritten = |body: TokenStream| {
            let mut body = syn::parse2(body).unwrap();
            leaving::rewrite(&syn::parse_quote!(sea), &mut body);
            quote!(#body).to_string()
        };
        let same = |body: TokenStream| assert_eq!(rewritten(body.clone()), body.to_string());
        same(quote!(m!(
            || x?,
            async { return },
            fn f() {
                return;
            },
            'a: loop {
                break 'a;
            }
        )));
        same(quote!(m!(a b => c, { Vec<u8> = d }, #[e] _ if f)));
        let left = "return sea :: __private :: Either :: Second (sea :: __private :: Either :: First (())";
        assert_eq!(rewritten(quote!(m!(a b => return, c))), format!("m ! (a b => {left}) , c)"));
        assert_eq!(
            rewritten(quote!(m!(Vec<u8> = { a b return }))),
            format!("m ! (Vec < u8 > = {{ a b {left}) }})")
        );
    }
}
