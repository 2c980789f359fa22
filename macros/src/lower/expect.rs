//! Compares an expansion with what it should be, both as formatted text.

use proc_macro2::TokenStream;

/// Panics with a readable text if `tokens` are not the items in `expected`.
#[track_caller]
pub fn expect(tokens: TokenStream, expected: &str) {
    let file = syn::parse2(tokens).expect("the expansion is a list of items");
    let actual = prettyplease::unparse(&file);
    assert!(actual.trim() == expected.trim(), "the expansion is\n{actual}");
}

/// [`expect`] for an expression.
#[track_caller]
pub fn expect_expr(tokens: TokenStream, expected: &str) {
    let file = syn::parse2(quote::quote!(fn f() { #tokens })).expect("the expansion is an expression");
    let actual = prettyplease::unparse(&file);
    let lines: Vec<&str> = actual.lines().map(|line| line.strip_prefix("    ").unwrap_or(line)).collect();
    let actual = lines[1..lines.len() - 1].join("\n");
    assert!(actual.trim() == expected.trim(), "the expansion is\n{actual}");
}
