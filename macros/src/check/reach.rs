//! What of a body runs on its shard, as far as words can tell.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Attribute, Expr, ExprClosure, Macro, Stmt, Token,
    parse::Parser,
    punctuated::Punctuated,
    visit::{self, Visit},
};

/// Whether the closure's body runs on the shard: it is async, or makes an async block.
///
/// Any other may be run by another thread, as that of `std::thread::spawn` is.
pub fn stays_here(closure: &ExprClosure) -> bool {
    closure.asyncness.is_some()
        || match &*closure.body {
            Expr::Async(_) => true,
            Expr::Block(block) => matches!(block.block.stmts.last(), Some(Stmt::Expr(Expr::Async(_), None))),
            _ => false,
        }
}

/// Methods of the standard library that call their closure before they return, or a shard's code does.
pub const CALLS_AT_ONCE: [&str; 16] = [
    "all",
    "and_then",
    "any",
    "filter",
    "filter_map",
    "find",
    "flat_map",
    "fold",
    "for_each",
    "inspect",
    "map",
    "map_err",
    "or_else",
    "or_insert_with",
    "try_for_each",
    "unwrap_or_else",
];

/// Macros whose arguments are expressions that are evaluated where they stand, and none of which is moved.
const EVALUATES: [&str; 20] = [
    "assert",
    "assert_eq",
    "assert_ne",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "eprint",
    "eprintln",
    "error",
    "warn",
    "info",
    "debug",
    "trace",
    "format",
    "matches",
    "panic",
    "print",
    "println",
    "write",
    "writeln",
];

/// The arguments of a macro that evaluates them as a function would; `None` for any other.
pub fn arguments(mac: &Macro) -> Option<Vec<Expr>> {
    let name = mac.path.segments.last()?.ident.to_string();
    if !EVALUATES.contains(&name.as_str()) {
        return None;
    }
    let list = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(mac.tokens.clone()).ok()?;
    Some(list.into_iter().collect())
}

/// Our macros whose body is code of the surrounding function.
const BODIES: [&str; 6] =
    ["background", "do_with", "with_gate", "with_lock", "with_semaphore", "with_timeout"];

/// What stands before the body of one of our macros, with the `=>`, and the body.
pub fn body(mac: &Macro) -> Option<(TokenStream, Expr)> {
    let name = &mac.path.segments.last()?.ident;
    if !BODIES.iter().any(|body| name == body) {
        return None;
    }
    let mut head: Vec<TokenTree> = mac.tokens.clone().into_iter().collect();
    let sign = |tree: &TokenTree, sign| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == sign);
    let arrow = head.windows(2).position(|pair| sign(&pair[0], '=') && sign(&pair[1], '>'))?;
    let body = head.split_off(arrow + 2).into_iter().collect();
    Some((head.into_iter().collect(), syn::parse2(body).ok()?))
}

/// Whether the macro is the one that says that blocking is meant.
pub fn is_blocking_ok(mac: &Macro) -> bool {
    mac.path.segments.last().is_some_and(|last| last.ident == "blocking_ok")
}

/// Whether part of the statement depends on the configuration, so that it may not be there.
pub fn is_conditional(stmt: &Stmt) -> bool {
    struct Find(bool);
    impl Visit<'_> for Find {
        fn visit_attribute(&mut self, attr: &Attribute) {
            self.0 |= attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr");
        }
    }
    let mut find = Find(false);
    find.visit_stmt(stmt);
    find.0
}

/// Whether the tokens, or a group in them, have the word.
pub fn mentions(tokens: TokenStream, word: &str) -> bool {
    tokens.into_iter().any(|tree| match tree {
        TokenTree::Group(group) => mentions(group.stream(), word),
        TokenTree::Ident(ident) => ident == word,
        TokenTree::Literal(_) | TokenTree::Punct(_) => false,
    })
}

/// Whether `found` is true for an expression in `expr`, without its closures, async blocks and items.
pub fn any(expr: &Expr, found: impl FnMut(&Expr) -> bool) -> bool {
    struct Any<F>(F, bool);
    impl<F: FnMut(&Expr) -> bool> Visit<'_> for Any<F> {
        fn visit_expr(&mut self, expr: &Expr) {
            self.1 = self.1 || (self.0)(expr);
            if !self.1 && !matches!(expr, Expr::Closure(_) | Expr::Async(_)) {
                visit::visit_expr(self, expr);
            }
        }

        fn visit_item(&mut self, _: &syn::Item) {}
    }
    let mut any = Any(found, false);
    any.visit_expr(expr);
    any.1
}

/// The expression without parentheses, `?`, `.unwrap()` and `.expect(..)` around it.
pub fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Paren(paren) => bare(&paren.expr),
        Expr::Group(group) => bare(&group.expr),
        Expr::Try(question) => bare(&question.expr),
        Expr::MethodCall(call) if call.method == "unwrap" || call.method == "expect" => bare(&call.receiver),
        _ => expr,
    }
}

/// The tokens of `path`, on `span` but with the meaning they have where they were written.
pub fn located(path: &syn::Path, span: proc_macro2::Span) -> TokenStream {
    path.to_token_stream()
        .into_iter()
        .map(|mut tree| {
            tree.set_span(tree.span().located_at(span));
            tree
        })
        .collect()
}
