//! Compares an expansion with what it should be, both as formatted text.

use proc_macro2::TokenStream;

/// Panics with a readable text if `tokens` are not the items in `expected`.
#[track_caller]
pub fn expect(tokens: TokenStream, expected: &str) {
    let file = syn::parse2(tokens).expect("the expansion is a list of items");
    let actual = prettyplease::unparse(&file);
    assert!(actual.trim() == expected.trim(), "the expansion is\n{actual}");
}
