//! What the statement macros have in common: `$crate; head => body`.
//!
//! The front door in the runtime puts `$crate;` in front. The body is cut off before anything is parsed, so that a
//! mistake in the head hides none in the body, and a syntax error in the body is left to `rustc`.

use proc_macro2::{Spacing, TokenStream, TokenTree};
use quote::quote;
use syn::{
    Expr, Pat, Path, Stmt, Token,
    parse::{ParseStream, Parser},
};

use crate::errors::Errors;

/// A call, cut into its parts.
pub struct Call {
    pub krate: Path,
    pub head: TokenStream,
    pub body: Expr,
}

/// Cuts a call at `$crate;` and at `=>`.
///
/// `form` is what a call of this macro looks like, for the mistakes.
pub fn parse(input: TokenStream, form: &str, errors: &mut Errors) -> Call {
    let (krate, call) = front_door(input);
    let (head, body) = match arrow(call.clone()) {
        Some((head, body)) => (head, self::body(body, form, errors)),
        None => {
            errors.at(&call, format!("no `=>` says where the body begins; write `{form}`"));
            errors.enough();
            // Fits wherever a value is asked for, so that `rustc` has nothing to add.
            (call, Expr::Verbatim(quote!(loop {})))
        }
    };
    Call { krate, head, body }
}

/// What `$crate;` stands for, and what the user wrote.
pub fn front_door(input: TokenStream) -> (Path, TokenStream) {
    let parts = |input: ParseStream| {
        let krate = input.parse()?;
        input.parse::<Token![;]>()?;
        Ok((krate, input.parse()?))
    };
    parts.parse2(input).expect("the front door passes `$crate;`")
}

/// What stands before and after the first `=>` that is not within brackets.
fn arrow(call: TokenStream) -> Option<(TokenStream, TokenStream)> {
    let mut head: Vec<TokenTree> = call.into_iter().collect();
    let is =
        |tree: &TokenTree, sign: char| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == sign);
    let at = head.windows(2).position(|pair| {
        let joint = matches!(&pair[0], TokenTree::Punct(punct) if punct.spacing() == Spacing::Joint);
        joint && is(&pair[0], '=') && is(&pair[1], '>')
    })?;
    let body = head.split_off(at + 2);
    head.truncate(at);
    Some((head.into_iter().collect(), body.into_iter().collect()))
}

/// The name or pattern of `name = value`; `none` is what to say of a value without one.
pub fn name(input: ParseStream, none: &str) -> syn::Result<Pat> {
    if input.peek(Token![let]) {
        return Err(input.error("leave out `let`; the name is only there for the body"));
    }
    let ahead = input.fork();
    let named = Pat::parse_single(&ahead).is_ok() && (ahead.peek(Token![=]) || ahead.peek(Token![:]));
    let ahead = input.fork();
    match (named, ahead.parse::<Expr>()) {
        (false, Ok(value)) => Err(syn::Error::new_spanned(value, none)),
        _ => Pat::parse_single(input),
    }
}

/// The expressions of a head, up to the first that is none.
pub fn arguments(head: TokenStream, errors: &mut Errors) -> Vec<Expr> {
    let mut arguments = Vec::new();
    let reading = |input: ParseStream| {
        while !input.is_empty() {
            arguments.push(input.parse()?);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    };
    if let Err(error) = reading.parse2(head) {
        errors.add(error);
    }
    arguments
}

/// The body as one expression. What is none becomes a block, where `rustc` says what is wrong with it.
pub fn body(tokens: TokenStream, form: &str, errors: &mut Errors) -> Expr {
    let mut trees: Vec<TokenTree> = tokens.into_iter().collect();
    let is =
        |tree: &TokenTree, sign: char| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == sign);
    // As after the last argument of a call.
    trees.pop_if(|last| is(last, ','));
    let tokens: TokenStream = trees.iter().cloned().collect();
    if trees.is_empty() {
        errors.here(format!("nothing stands after `=>`; write `{form}`"));
        return Expr::Verbatim(quote!({}));
    }
    syn::parse2(tokens.clone()).map(unbraced).unwrap_or_else(|_| {
        if let Some(semicolon) = trees.iter().find(|tree| is(tree, ';')) {
            errors.at(semicolon, "several statements need braces: `=> { .. }`");
        }
        Expr::Verbatim(quote!({ #tokens }))
    })
}

/// `x` of `{ x }`: behind `=>` braces are a matter of taste, but `rustc` warns about them in other places.
pub fn unbraced(expr: Expr) -> Expr {
    match expr {
        Expr::Block(mut block) if block.label.is_none() && block.attrs.is_empty() => {
            match block.block.stmts.as_slice() {
                [Stmt::Expr(_, None)] => match block.block.stmts.pop() {
                    Some(Stmt::Expr(inner, None)) => inner,
                    _ => Expr::Block(block),
                },
                _ => Expr::Block(block),
            }
        }
        other => other,
    }
}
