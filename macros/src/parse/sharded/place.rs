//! `#[route(key)]`, `#[broadcast(reduce = f)]`, `#[on(shard)]`: where a call runs.

use quote::ToTokens;
use syn::{Attribute, Expr, FnArg, Meta, Pat, Token, parse::Parser, parse_quote, punctuated::Punctuated};

use super::types::{text, without_self};
use crate::{
    errors::Errors,
    model::sharded::{Argument, Function, Place},
    nearest::{nearest, there_are},
    parse::entry::{any_word, mentions},
};

/// Our attributes, and how each is written.
const PLACES: [(&str, &str); 3] =
    [("route", "#[route(key)]"), ("broadcast", "#[broadcast]"), ("on", "#[on(shard)]")];

/// Where a method should run, before its arguments are known.
pub struct Marked {
    pub attr: Attribute,
    name: &'static str,
}

/// Takes the attribute that says where the method runs out of the others; `None` if it runs where it is called.
pub fn take(attrs: &mut Vec<Attribute>, errors: &mut Errors) -> Option<Marked> {
    let mut marked: Option<Marked> = None;
    attrs.retain(|attr| {
        let Some(name) = known(attr, errors) else { return true };
        let attr = attr.clone();
        match &marked {
            Some(first) if first.name == name => {
                errors.at(
                    attr,
                    format!("`#[{name}]` says where this runs, once is enough; remove one of the two"),
                );
            }
            Some(first) => {
                let first = text(first.attr.meta.to_token_stream());
                let message =
                    format!("a call runs in one place, which `#[{first}]` has named; remove one of the two");
                errors.at(attr, message);
            }
            None => marked = Some(Marked { attr, name }),
        }
        false
    });
    marked
}

/// The name of an attribute of ours, or of one that was probably meant to be.
fn known(attr: &Attribute, errors: &mut Errors) -> Option<&'static str> {
    let last = attr.path().segments.last()?.ident.to_string();
    let ours = attr.path().get_ident().is_some() || attr.path().segments[0].ident == "seastar";
    if !ours {
        return None;
    }
    if let Some((name, _)) = PLACES.iter().find(|(name, _)| *name == last) {
        return Some(name);
    }
    let meant = match &*last {
        "all" | "everywhere" | "invoke_on_all" | "map_reduce" => "broadcast",
        "shard" | "on_shard" | "invoke_on" | "submit_to" => "on",
        "key" | "hash" | "owner" | "by_key" => "route",
        // Attributes that exist may have longer names with ours in them.
        _ => nearest(&last, PLACES.map(|(name, _)| name)).filter(|name| last.len() <= name.len() + 1)?,
    };
    let (name, written) = PLACES.iter().find(|(name, _)| *name == meant)?;
    errors.at(attr.path(), format!("there is no attribute `{last}`; did you mean `{written}`?"));
    Some(name)
}

/// The place that the attribute names, for a method with these arguments.
pub fn read(marked: &Marked, method: &Method, errors: &mut Errors) -> Place {
    match marked.name {
        "route" => route(&marked.attr, method, errors),
        "on" => on(&marked.attr, method, errors),
        _ => broadcast(&marked.attr, method, errors),
    }
}

/// Lets the arguments that the attribute names be used there only.
pub fn use_arguments(marked: &Marked, function: &mut Function) {
    for parameter in &mut function.sig.inputs {
        if let FnArg::Typed(parameter) = parameter
            && let Pat::Ident(pat) = &*parameter.pat
            && let name = pat.ident.to_string()
            && mentions(marked.attr.meta.to_token_stream(), &name)
            && !mentions(function.body.clone(), &name)
        {
            parameter.attrs.push(parse_quote!(#[allow(unused_variables)]));
        }
    }
}

/// What a place may depend on.
pub struct Method<'a> {
    pub name: &'a syn::Ident,
    pub arguments: &'a [Argument],
    pub returns_nothing: bool,
    pub this: &'a syn::Type,
}

fn route(attr: &Attribute, method: &Method, errors: &mut Errors) -> Place {
    let name = method.name;
    let example = method.arguments.first().map_or("key".into(), |first| first.name.to_string());
    let Some(list) = list(attr, errors) else { return Place::Refused };
    let mut keys = Vec::new();
    let mut by = None;
    let mut refused = false;
    for expr in &list {
        match expr {
            Expr::Assign(option) => {
                let key = text(&option.left);
                match &*key {
                    "by" if by.is_none() => by = Some(Expr::clone(&option.right)),
                    "by" => {
                        errors.at(&option.left, "`by` is set twice; remove one of the two");
                        refused = true;
                    }
                    _ => {
                        let message = format!(
                            "there is no option `{key}`; name the argument that decides, `#[route({example})]`, \
                             or a number, `#[route(by = {example}.id)]`"
                        );
                        errors.at(&option.left, message);
                        refused = true;
                    }
                }
            }
            key => {
                let message =
                    format!("no argument of `{name}` is in here, so it would always run on the same shard");
                refused |= !depends(key, method, Some(&message), errors);
                keys.push(key.clone());
            }
        }
    }
    match (by, &*keys) {
        _ if refused => Place::Refused,
        (Some(by), []) => Place::Number(outside(by, method)),
        (Some(by), _) => {
            errors.at(by, "the key decides already; give either a key or `by = number`");
            Place::Refused
        }
        (None, []) => {
            let message =
                format!("what decides where `{name}` runs? name the argument, as in `#[route({example})]`");
            errors.at(attr, message);
            Place::Refused
        }
        (None, _) => Place::Owner(keys.into_iter().map(|key| outside(key, method)).collect()),
    }
}

fn on(attr: &Attribute, method: &Method, errors: &mut Errors) -> Place {
    let Some(list) = list(attr, errors) else { return Place::Refused };
    let mut shards = list.iter();
    match (shards.next(), shards.next()) {
        (Some(Expr::Assign(option)), _) => {
            errors.at(
                &*option.left,
                "`#[on]` has no options; write the number of the shard, as in `#[on(shard)]`",
            );
            Place::Refused
        }
        (Some(shard), None) if depends(shard, method, None, errors) => {
            Place::Shard(outside(shard.clone(), method))
        }
        (Some(_), None) => Place::Refused,
        (Some(_), Some(second)) => {
            let message = "`#[on]` names one shard; write `#[broadcast]` for all of them, and call `invoke_on` for some";
            errors.at(second, message);
            Place::Refused
        }
        (None, _) => {
            let name = method.name;
            let message = format!(
                "on which shard does `{name}` run? name an argument of type `usize`, as in `#[on(shard)]`, or a number"
            );
            errors.at(attr, message);
            Place::Refused
        }
    }
}

fn broadcast(attr: &Attribute, method: &Method, errors: &mut Errors) -> Place {
    let Some(list) = list(attr, errors) else { return Place::Refused };
    let mut reduce = None;
    let mut refuse = |tokens: &dyn ToTokens, message: String| {
        errors.at(tokens, message);
        true
    };
    let mut refused = false;
    for expr in &list {
        let Expr::Assign(option) = expr else {
            let message = "`#[broadcast]` runs on every shard; to make one result of theirs, write `#[broadcast(reduce = Stats::add)]`";
            refused |= refuse(expr, message.into());
            continue;
        };
        let key = text(&option.left);
        let wrong = match &*option.right {
            _ if key != "reduce" => Some((
                &*option.left,
                format!("there is no option `{key}`; did you mean `reduce = Stats::add`?"),
            )),
            _ if reduce.is_some() => {
                Some((&*option.left, "`reduce` is set twice; remove one of the two".into()))
            }
            value if method.returns_nothing => {
                let name = method.name;
                Some((
                    value,
                    format!("`{name}` returns nothing that could be made into one; remove `reduce`"),
                ))
            }
            value => not_reducing(value).map(|message| (value, message.into())),
        };
        match wrong {
            Some((tokens, message)) => refused |= refuse(tokens, message),
            None => reduce = Some(Expr::clone(&option.right)),
        }
    }
    match refused {
        true => Place::Refused,
        false => Place::All { reduce: reduce.map(|reduce| outside(reduce, method)) },
    }
}

/// What is wrong with a function that should make one result of two, as far as its shape tells.
fn not_reducing(value: &Expr) -> Option<&'static str> {
    match value {
        Expr::Closure(closure) if closure.inputs.len() != 2 => {
            Some("it makes one result of two; write `|sum, next| ..` with the two as its arguments")
        }
        Expr::Closure(closure) if closure.asyncness.is_some() => {
            Some("the results are here when they are made into one; remove `async`")
        }
        Expr::Lit(_) | Expr::Tuple(_) | Expr::Array(_) | Expr::Binary(_) | Expr::Reference(_) => {
            Some("`reduce` takes a function that makes one result of two, such as `reduce = Stats::add`")
        }
        _ => None,
    }
}

/// What stands in the parentheses of the attribute, which has to have some.
fn list(attr: &Attribute, errors: &mut Errors) -> Option<Punctuated<Expr, Token![,]>> {
    let parse = Punctuated::<Expr, Token![,]>::parse_terminated;
    match &attr.meta {
        Meta::Path(_) => Some(Punctuated::new()),
        Meta::List(list) => {
            let parsed = parse.parse2(list.tokens.clone());
            parsed.map_err(|error| errors.add(error)).ok()
        }
        Meta::NameValue(wrong) => {
            let (path, value) = (text(&wrong.path), text(&wrong.value));
            errors.at(&wrong.value, format!("this stands in parentheses; write `#[{path}({value})]`"));
            None
        }
    }
}

/// Whether the expression may decide where a call runs: it names arguments, and none that does not exist.
///
/// `constant` says what is wrong with one that names none.
fn depends(expr: &Expr, method: &Method, constant: Option<&str>, errors: &mut Errors) -> bool {
    let names: Vec<String> = method.arguments.iter().map(|argument| argument.name.to_string()).collect();
    let is_argument = |word: &str| names.iter().any(|name| name == word);
    if let Expr::Path(path) = expr
        && let Some(word) = path.path.get_ident().map(ToString::to_string)
        && !is_argument(&word)
        && word.starts_with(char::is_lowercase)
    {
        let name = method.name;
        let advice = match (nearest(&word, names.iter().map(|name| &**name)), &*names) {
            (Some(meant), _) => format!("did you mean `{meant}`?"),
            (None, []) => format!("`{name}` has none"),
            (None, _) => there_are(names.iter().map(String::as_str)),
        };
        errors.at(expr, format!("`{word}` is not an argument of `{name}`; {advice}"));
        return false;
    }
    let mentioned = any_word(expr.to_token_stream(), &is_argument);
    if let Some(constant) = constant.filter(|_| !mentioned) {
        errors.at(expr, format!("{constant}; name one, or write `#[on(0)]` if that is meant"));
        return false;
    }
    true
}

fn outside(expr: Expr, method: &Method) -> Expr {
    let tokens = without_self(expr.to_token_stream(), method.this);
    // What it was is an expression still.
    syn::parse2(tokens.clone()).unwrap_or(Expr::Verbatim(tokens))
}
