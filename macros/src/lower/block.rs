//! Bodies within the blocks of an expansion.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Expr, Stmt};

/// `body` as the last statement of a block; printed so that it stays one expression, as in `(match ..) - 1`.
pub fn tail(body: Expr) -> Stmt {
    Stmt::Expr(body, None)
}

/// The statements that run `body` and then give `wrap(its value)`.
///
/// The value has a name that may stay unused and the wrapping a licence not to be reached, since a body may be `return`.
pub fn wrapped<T: ToTokens>(body: &Expr, wrap: impl FnOnce(&Ident) -> T) -> TokenStream {
    let output = Ident::new("_output", Span::mixed_site());
    let value = wrap(&output);
    quote! {
        #[allow(clippy::diverging_sub_expression)]
        let #output = #body;
        #[allow(unreachable_code)]
        #value
    }
}
