//! A block with its own bindings, written into the surrounding async body.
//!
//! A block and not a future: what it binds is stored once, in the future that surrounds it, and that place is free
//! for other values when the block ends.

use proc_macro2::TokenStream;
use quote::quote;

use super::block::tail;
use crate::model::scope::{Binding, Scope};

pub fn lower(scope: Scope) -> TokenStream {
    let bindings = scope.bindings.iter().map(|Binding { pattern, ty, value }| {
        let ty = ty.as_ref().map(|ty| quote!(: #ty));
        quote!(let #pattern #ty = #value;)
    });
    let body = tail(scope.body);
    quote!({ #(#bindings)* #body })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{errors::Errors, lower::expect::expect_expr, parse};

    #[test]
    fn a_block() {
        let call = quote!(::seastar; mut buffer = [0; 1024], n: usize = 2 => fill(&mut buffer, n).await?);
        let expected = "
{
    let mut buffer = [0; 1024];
    let n: usize = 2;
    fill(&mut buffer, n).await?
}
";
        expect_expr(lower(parse::do_with::parse(call, &mut Errors::default())), expected);
    }

    #[test]
    fn a_body_that_would_be_two_statements() {
        let call = quote!(::seastar; a = 1 => match a { _ => 1 } - 1);
        let expected = "
{
    let a = 1;
    (match a {
        _ => 1,
    }) - 1
}
";
        expect_expr(lower(parse::do_with::parse(call, &mut Errors::default())), expected);
    }
}
