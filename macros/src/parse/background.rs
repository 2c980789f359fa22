//! `background!(gate = gate, on_error = log => future)`

use proc_macro2::TokenStream;
use quote::quote;
use syn::Expr;

use super::statement::{self, Call};
use crate::{
    errors::Errors,
    model::detached::{Detached, Policy},
    nearest::{nearest, there_are},
};

const FORM: &str = "background!(gate = gate, on_error = log => async move { .. })";

pub fn parse(input: TokenStream, errors: &mut Errors) -> Detached {
    let Call { krate, head, body } = statement::parse(input, FORM, errors);
    let (mut gate, mut policy) = (None, None);
    let mut complete = true;
    for argument in statement::arguments(head, errors) {
        let Expr::Assign(option) = argument else {
            complete = false;
            errors.at(
                argument,
                format!("before `=>` there are `gate = ..` and `on_error = ..`; write `{FORM}`"),
            );
            continue;
        };
        let (name, value) = (option.left, *option.right);
        let word = quote!(#name).to_string();
        let place = match word.as_str() {
            "gate" => &mut gate,
            "on_error" => &mut policy,
            _ => {
                complete = false;
                let meant = match nearest(&word, ["gate", "on_error"]) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => "there are `gate` and `on_error`".into(),
                };
                errors.at(name, format!("there is no option `{word}`; {meant}"));
                continue;
            }
        };
        if place.is_some() {
            errors.at(name, format!("`{word}` is set twice; remove one of the two"));
        }
        *place = Some(value);
    }
    if gate.is_none() && complete {
        errors.here(
            "nobody waits for this work, so say which gate does: `gate = gate`, or `gate = none` if it may be cut off when the program stops",
        );
    }
    if policy.is_none() && complete {
        errors.here(
            "nobody sees this work fail, so say what to do then: `on_error = log`, `ignore`, `stop`, or a closure that takes the error",
        );
    }
    Detached {
        krate,
        gate: gate.filter(|gate| !is(gate, "none")),
        policy: policy.map_or(Policy::Log, |policy| self::policy(policy, errors)),
        future: match errors.are_enough() {
            true => Expr::Verbatim(quote!(::core::future::pending::<()>())),
            false => future(body, errors),
        },
    }
}

fn is(expr: &Expr, word: &str) -> bool {
    matches!(expr, Expr::Path(path) if path.path.is_ident(word))
}

const POLICIES: [&str; 3] = ["log", "ignore", "stop"];

/// Words that somebody may take for a policy, and hardly for the name of a function or a variable.
const NO_POLICIES: [&str; 10] =
    ["warn", "error", "info", "debug", "trace", "print", "none", "panic", "abort", "exit"];

fn policy(value: Expr, errors: &mut Errors) -> Policy {
    match value {
        value if is(&value, "log") => Policy::Log,
        value if is(&value, "ignore") => Policy::Ignore,
        value if is(&value, "stop") => Policy::Stop,
        value => {
            let Some(word) = NO_POLICIES.iter().find(|word| is(&value, word)) else {
                return Policy::Call(value);
            };
            let there_are = there_are(POLICIES);
            errors.at(
                &value,
                format!("there is no policy `{word}`; {there_are}, and closures that take the error, as `|error| ..`"),
            );
            Policy::Log
        }
    }
}

/// Looks whether the body is a future, and makes it one otherwise.
fn future(body: Expr, errors: &mut Errors) -> Expr {
    match body {
        Expr::Await(awaited) => {
            let (dot, keyword) = (awaited.dot_token, awaited.await_token);
            errors.at(
                quote!(#dot #keyword),
                "`.await` would wait here, and background work is not waited for; remove it, or write `async move { .. }` around all of it",
            );
            *awaited.base
        }
        Expr::Block(block) => {
            errors.at(&block, "a fiber runs a future, and this block runs here; write `async move { .. }`");
            let block = block.block;
            Expr::Verbatim(quote!(async move #block))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(input: TokenStream) -> (String, Vec<String>) {
        let mut errors = Errors::default();
        let Detached { gate, policy, future, .. } = parse(quote!(::seastar; #input), &mut errors);
        let policy = match policy {
            Policy::Log => quote!(log),
            Policy::Ignore => quote!(ignore),
            Policy::Stop => quote!(stop),
            Policy::Call(call) => quote!(call #call),
        };
        (quote!(#gate | #policy | #future).to_string(), errors.messages())
    }

    #[test]
    fn reads_gate_and_policy_in_any_order() {
        assert_eq!(
            parsed(quote!(gate = self.gate, on_error = stop => f())),
            ("self . gate | stop | f ()".into(), vec![])
        );
        assert_eq!(parsed(quote!(on_error = ignore, gate = none => f)), ("| ignore | f".into(), vec![]));
        assert_eq!(
            parsed(quote!(gate = g, on_error = |e| t(e) => f)),
            ("g | call | e | t (e) | f".into(), vec![])
        );
    }

    #[test]
    fn every_mistake_is_named() {
        let mistakes = |input| parsed(input).1;
        let [gate, policy] = &mistakes(quote!(=> f))[..] else { panic!("two mistakes") };
        assert!(gate.contains("`gate = none`") && policy.contains("`on_error = log`"));
        let policy = "there is no policy `warn`; there are `log`, `ignore`, `stop`, and closures that take the error, as `|error| ..`";
        assert_eq!(mistakes(quote!(gate = g, on_error = warn => f)), [policy]);
        let option = "there is no option `gates`; did you mean `gate`?";
        assert_eq!(mistakes(quote!(gates = g, on_error = log => f)), [option]);
        let twice = "`gate` is set twice; remove one of the two";
        assert_eq!(mistakes(quote!(gate = g, on_error = log, gate = g => f)), [twice]);
        let form = format!("before `=>` there are `gate = ..` and `on_error = ..`; write `{FORM}`");
        assert_eq!(mistakes(quote!(g, on_error = log => f)), [form]);
        let arrow = format!("no `=>` says where the body begins; write `{FORM}`");
        assert_eq!(mistakes(quote!(async {})), [arrow]);
        let block = "a fiber runs a future, and this block runs here; write `async move { .. }`";
        assert_eq!(
            parsed(quote!(gate = g, on_error = log => { f().await; })),
            ("g | log | async move { f () . await ; }".into(), vec![block.into()])
        );
        assert_eq!(mistakes(quote!(gate = g, on_error = log => f().await)).len(), 1);
    }
}
