//! The expansions that the book shows, in `expansions/`: what is written, and what it becomes.
//!
//! They are laid out and commented on by hand, so only their tokens are compared. To be read, they are without
//! the path of the module that expansions use, `seastar::__private`, and without the lints that they silence; and the questions about types
//! that the checks put into functions are not in them.

use std::{fs, path::PathBuf};

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Expr, Item, ItemFn, Macro, Path, parse_quote};

use crate::{check, errors::Errors, lower, model::joined::Value, parse};

#[test]
fn the_expansions_of_the_book_are_those_of_the_macros() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("expansions");
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder is readable").path();
        let text = fs::read_to_string(&path).expect("it can be read");
        let (written, shown) = (part(&text, "written"), part(&text, "becomes"));
        let tokens = match syn::parse_str::<Expr>(&written) {
            Ok(Expr::Macro(call)) => expand_call(call.mac),
            _ => expand_items(&written),
        };
        let becomes = laid_out(short(tokens));
        if becomes == laid_out(shown.parse().expect("what is shown are tokens")) {
            continue;
        }
        if std::env::var_os("EXPECTED").is_some_and(|value| value == "overwrite") {
            let (kept, _) = text.split_once("// ANCHOR: becomes\n").expect("the part begins");
            let text = format!("{kept}// ANCHOR: becomes\n{becomes}\n// ANCHOR_END: becomes\n");
            fs::write(&path, text).expect("it can be written");
            continue;
        }
        panic!(
            "{} does not say what it becomes, which is\n{becomes}\n`EXPECTED=overwrite cargo test -p seastar-macros` \
             writes that there, without the comments",
            path.display()
        );
    }
}

/// What stands between the marks that the book includes it by.
fn part(text: &str, name: &str) -> String {
    let (start, end) = (format!("// ANCHOR: {name}\n"), format!("// ANCHOR_END: {name}\n"));
    let (_, rest) = text.split_once(&start).expect("the part begins");
    rest.split_once(&end).expect("the part ends").0.to_owned()
}

fn expand_call(call: Macro) -> TokenStream {
    let name = call.path.require_ident().expect("a name").to_string();
    let tokens = call.tokens;
    let input = quote!(seastar; #tokens);
    let errors = &mut Errors::default();
    match &*name {
        "do_with" => lower::scope::lower(parse::do_with::parse(input, errors)),
        "when_all" => lower::joined::lower_all(parse::joined::parse_all(input, Value::Outputs, errors)),
        "when_all_succeed" => {
            lower::joined::lower_all(parse::joined::parse_all(input, Value::Successes, errors))
        }
        "when_any" => lower::joined::lower_any(parse::joined::parse_any(input, errors)),
        "with_timeout" => lower::timed::lower(parse::with_timeout::parse(input, errors)),
        "with_semaphore" => lower::guarded::lower(parse::with_semaphore::parse(input, errors)),
        "with_gate" => lower::guarded::lower(parse::with_gate::parse(input, errors)),
        "with_lock" => lower::guarded::lower(parse::with_lock::parse(input, errors)),
        "background" => lower::detached::lower(parse::background::parse(input, errors)),
        other => panic!("nobody expands {other}! here"),
    }
}

fn expand_items(written: &str) -> TokenStream {
    let items = syn::parse_file(written).expect("what is written are items").items;
    items.into_iter().map(expand_item).collect()
}

/// The first attribute that is a macro of ours, expanded; without one, what all of them make of a body.
fn expand_item(mut item: Item) -> TokenStream {
    let attrs = match &mut item {
        Item::Fn(function) => &mut function.attrs,
        Item::Static(item) => &mut item.attrs,
        Item::Impl(block) => &mut block.attrs,
        _ => return item.into_token_stream(),
    };
    let ours = |path: &Path| path.segments.len() == 2 && path.segments[0].ident == "seastar";
    let Some(place) = attrs.iter().position(|attr| ours(attr.path())) else { return checked(item) };
    let attr = attrs.remove(place);
    let options = match &attr.meta {
        syn::Meta::List(list) => list.tokens.clone(),
        _ => TokenStream::new(),
    };
    let (errors, item) = (&mut Errors::default(), item.into_token_stream());
    match &*attr.path().segments[1].ident.to_string() {
        "main" => lower::entry::lower(parse::main::parse(options, item, errors)),
        "test" => lower::entry::lower(parse::test::parse(options, item, errors)),
        "task" => lower::task::lower(parse::task::parse(options, item, errors)),
        "sharded" => lower::sharded::lower(parse::sharded::parse(options, item, errors)),
        "shard_local" => lower::shard_local::lower(parse::shard_local::parse(options, item, errors)),
        other => panic!("nobody expands #[seastar::{other}] here"),
    }
}

/// A function with the questions that the attributes leave in it.
fn checked(item: Item) -> TokenStream {
    let Item::Fn(ItemFn { sig, block, .. }) = item else { panic!("only functions are checked") };
    let body = check::body(&parse_quote!(::seastar), &sig, block.into_token_stream(), &mut Errors::default());
    quote!(#sig #body)
}

/// Without the path of the hidden module and without `#[allow(..)]`.
fn short(tokens: TokenStream) -> TokenStream {
    let text = without_allow(tokens).to_string();
    let text = text.replace(":: seastar :: __private :: ", "").replace("seastar :: __private :: ", "");
    text.parse().expect("shorter paths are paths")
}

fn without_allow(tokens: TokenStream) -> TokenStream {
    let allows = |tree: Option<&TokenTree>| match tree {
        Some(TokenTree::Group(group)) => group.stream().to_string().starts_with("allow"),
        _ => false,
    };
    let mut kept = Vec::new();
    let mut trees = tokens.into_iter().peekable();
    while let Some(tree) = trees.next() {
        match tree {
            TokenTree::Punct(punct) if punct.as_char() == '#' && allows(trees.peek()) => {
                trees.next();
            }
            TokenTree::Group(group) => {
                let inner = without_allow(group.stream());
                kept.push(TokenTree::Group(Group::new(group.delimiter(), inner)));
            }
            other => kept.push(other),
        }
    }
    kept.into_iter().collect()
}

/// An expression or items as formatted text, which is the same however they were laid out.
fn laid_out(tokens: TokenStream) -> String {
    let Ok(expression) = syn::parse2::<Expr>(tokens.clone()) else {
        return prettyplease::unparse(&syn::parse2(tokens).expect("an expression, or items"))
            .trim()
            .to_owned();
    };
    let text = prettyplease::unparse(&parse_quote!(fn f() { #expression }));
    let lines: Vec<&str> = text.lines().map(|line| line.strip_prefix("    ").unwrap_or(line)).collect();
    lines[1..lines.len() - 1].join("\n").trim().to_owned()
}
