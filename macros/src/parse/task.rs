//! `#[seastar::task(pool = N, max_size = B)] async fn name(arguments) -> R { .. }`

use proc_macro2::{Delimiter, Ident, Literal, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Expr, FnArg, GenericParam, Pat, PatIdent, ReturnType, Safety, Signature, Type};

use super::entry::{Source, Speaker, is_unnamed, mentions, output, parameters, reject};
use crate::{
    errors::Errors,
    krate,
    model::task::{Budget, Checked, Function, Output, Parameter, Pattern, Pool, Task},
    options::{self, Key, Setting, Wrong, integer, typed},
};

const TASK: Speaker = Speaker { attribute: "seastar::task", function: "a task" };

const KEYS: &[Key] = &[
    Key::new("pool", "a positive integer", "1024", slots).also_called(&["pool_size", "slots", "count"]),
    Key::new("max_size", "a number of bytes", "4096", bytes).also_called(&["budget", "size", "limit"]),
    krate::KEY,
];

/// More fibers than a shard can tell apart.
const SLOTS_MAX: u64 = 1 << 24;
/// No block of a shard is larger.
const BYTES_MAX: u64 = 1 << 30;

fn slots(value: &Expr) -> Result<Expr, Wrong> {
    match integer(value, SLOTS_MAX)? as u32 {
        0 => Err(Wrong::Value("a pool without slots starts nothing; write `pool = 1` or more".into())),
        slots => Ok(typed(value, Literal::u32_suffixed(slots))),
    }
}

fn bytes(value: &Expr) -> Result<Expr, Wrong> {
    match integer(value, BYTES_MAX)? as usize {
        0 => Err(Wrong::Value("no future fits into 0 bytes; write `max_size = 4096`, say".into())),
        bytes => Ok(typed(value, Literal::usize_suffixed(bytes))),
    }
}

pub fn parse(list: TokenStream, item: TokenStream, errors: &mut Errors) -> Task {
    // Also with a wrong value: those who call the function expect what a pool gives them.
    let wants_pool = list.clone().into_iter().any(|tree| match tree {
        TokenTree::Ident(name) => name == "pool" || name == "pool_size",
        _ => false,
    });
    let mut settings = options::parse(list, KEYS, errors);
    let Source { mut attrs, vis, mut sig, body } = match TASK.read(item, errors) {
        Ok(source) => source,
        Err(item) => return Task::Other(item),
    };
    if !is_block(&body) {
        let message = "`#[seastar::task]` is about what a function does; write it where that is, with a body";
        errors.at(&sig.ident, message);
        return Task::Other(TokenStream::new());
    }
    reject(&mut attrs, "task", "`#[seastar::task]` already makes this a task; remove this attribute", errors);
    TASK.repair(&mut sig, errors);
    if let Some(variadic) = sig.variadic.take() {
        errors.at(variadic, "a task takes the arguments that it names; remove `...`");
    }
    refuse_cfg(&sig, errors);
    let pool = pool(&mut settings, wants_pool, &sig, &body, errors);
    let budget = take(&mut settings, "max_size").map(|bytes| Budget { bytes, checked: checked(&sig, &body) });
    Task::Function(Box::new(Function {
        krate: krate::take(&mut settings),
        attrs,
        vis,
        receiver: sig.receiver().cloned(),
        parameters: parameters(&sig)
            .enumerate()
            .map(|(index, parameter)| argument(index, parameter))
            .collect(),
        output: returned(&sig),
        sig,
        body,
        budget,
        pool,
    }))
}

fn take(settings: &mut Vec<Setting>, key: &str) -> Option<Expr> {
    settings.extract_if(.., |setting| setting.key == key).last().map(|setting| setting.value)
}

fn is_block(body: &TokenStream) -> bool {
    match body.clone().into_iter().next() {
        Some(TokenTree::Group(group)) => match group.delimiter() {
            Delimiter::Brace => true,
            // What comes out of a `macro_rules!` variable is wrapped in an invisible group.
            Delimiter::None => is_block(&group.stream()),
            _ => false,
        },
        _ => false,
    }
}

/// Whether an argument is there must not depend on anything: it is named in more than one place.
fn refuse_cfg(sig: &Signature, errors: &mut Errors) {
    for parameter in parameters(sig) {
        for attr in parameter.attrs.iter().filter(|attr| attr.path().is_ident("cfg")) {
            errors.at(attr, "a task has the same arguments everywhere; write `#[cfg]` on two functions");
        }
    }
}

fn argument(index: usize, parameter: &syn::PatType) -> Parameter {
    let pattern = match &*parameter.pat {
        Pat::Ident(pat) if is_name(pat) => Pattern::Name(Pat::Ident(pat.clone())),
        pat => Pattern::Parts(pat.clone()),
    };
    let name = name_of(index, &parameter.pat);
    Parameter { attrs: parameter.attrs.clone(), name, ty: Type::clone(&parameter.ty), pattern }
}

fn is_name(pat: &PatIdent) -> bool {
    pat.by_ref.is_none() && pat.subpat.is_none()
}

/// What an argument is called outside of the function.
pub fn name_of(index: usize, pat: &Pat) -> Ident {
    match pat {
        Pat::Ident(pat) if is_name(pat) => pat.ident.clone(),
        _ => Ident::new(&format!("__argument{index}"), Span::mixed_site()),
    }
}

fn returned(sig: &Signature) -> Output {
    match output(sig) {
        Type::Never(_) => Output::Never,
        ty if is_unnamed(&ty) => Output::Unnamed(ty),
        ty => Output::Named(ty),
    }
}

/// Whether the future's size is known without knowing who calls.
fn checked(sig: &Signature, body: &TokenStream) -> Checked {
    let generic = sig.generics.params.iter().any(|param| !matches!(param, GenericParam::Lifetime(_)))
        || parameters(sig).any(|parameter| is_unnamed(&parameter.ty));
    // An item inside of the function, which the check has to be, knows neither `self` nor `Self`.
    let method = sig.receiver().is_some() || names_self_type(sig, body);
    if generic || method { Checked::WhereCalled } else { Checked::Always }
}

fn names_self_type(sig: &Signature, body: &TokenStream) -> bool {
    mentions(sig.to_token_stream(), "Self") || mentions(body.clone(), "Self")
}

/// A pool is a `static`, and all of these are things that a `static` cannot have.
fn pool(
    settings: &mut Vec<Setting>,
    wanted: bool,
    sig: &Signature,
    body: &TokenStream,
    errors: &mut Errors,
) -> Pool {
    let slots = take(settings, "pool");
    if !wanted {
        return Pool::None;
    }
    let mut refused = false;
    let mut refuse = |tokens: &dyn ToTokens, message: &str| {
        errors.at(tokens, message);
        refused = true;
    };
    if !sig.generics.params.is_empty() {
        let message = "a pool has slots of one size, so its function has no type parameters; \
                       start generic fibers with `seastar::spawn`";
        refuse(&sig.generics, message);
    } else if let Some(clause) = &sig.generics.where_clause {
        refuse(clause, "a task with a pool has no type parameters to constrain; remove the `where` clause");
    }
    if let Safety::Unsafe(token) = &sig.safety {
        let message = "a task with a pool is run by the runtime, and nobody could keep the promises of an \
                       unsafe one; use `unsafe` blocks inside";
        refuse(token, message);
    }
    for input in &sig.inputs {
        match input {
            FnArg::Receiver(receiver) => {
                let message = "a fiber of a pool outlives its caller, so it cannot borrow `self`; \
                               make it a function, and pass it what it needs";
                refuse(receiver, message);
            }
            FnArg::Typed(parameter) if is_unnamed(&parameter.ty) => {
                let message = "a pool has slots of one size, so each argument has one type; \
                               write its name, or start generic fibers with `seastar::spawn`";
                refuse(&parameter.ty, message);
            }
            FnArg::Typed(parameter) if borrows(&parameter.ty) => {
                let message = "a fiber of a pool outlives its caller, so it cannot borrow; \
                               take the value itself, an `Rc` of it, or a `&'static` reference";
                refuse(&parameter.ty, message);
            }
            FnArg::Typed(_) => {}
        }
    }
    if sig.receiver().is_none() && names_self_type(sig, body) {
        let message = "a pool is a `static`, which does not know what `Self` is; write the name of the type";
        refuse(&sig.ident, message);
    }
    match &sig.output {
        ReturnType::Type(_, ty) if is_unnamed(ty) => {
            refuse(ty, "the handle of a fiber has a type; write the name of what this task returns");
        }
        _ => {}
    }
    match slots {
        Some(slots) if !refused => Pool::Slots(slots),
        _ => Pool::Refused,
    }
}

fn borrows(ty: &Type) -> bool {
    match ty {
        Type::Reference(reference) => {
            reference.lifetime.as_ref().is_none_or(|lifetime| lifetime.ident != "static")
        }
        Type::Paren(paren) => borrows(&paren.elem),
        Type::Group(group) => borrows(&group.elem),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    fn read(list: TokenStream, item: TokenStream) -> (Task, Vec<String>) {
        let mut errors = Errors::default();
        let task = parse(list, item, &mut errors);
        (task, errors.messages())
    }

    fn mistakes(list: TokenStream, item: TokenStream) -> Vec<String> {
        read(list, item).1
    }

    fn function(list: TokenStream, item: TokenStream) -> Function {
        match read(list, item) {
            (Task::Function(function), errors) if errors.is_empty() => *function,
            (_, errors) => panic!("{errors:?}"),
        }
    }

    #[test]
    fn every_example_is_right() {
        for key in KEYS {
            let list: TokenStream = key.advice().trim_matches('`').parse().unwrap();
            assert_eq!(mistakes(list, quote! { async fn f() {} }), [""; 0], "{}", key.name);
        }
    }

    #[test]
    fn names_go_on_as_they_are_and_patterns_are_taken_apart_inside() {
        let f = function(quote!(), quote! { async fn f(a: u8, mut b: u8, (c, _): (u8, u8), ref d: u8) {} });
        let names: Vec<String> = f.parameters.iter().map(|parameter| parameter.name.to_string()).collect();
        assert_eq!(names, ["a", "b", "__argument2", "__argument3"]);
        assert!(matches!(f.parameters[1].pattern, Pattern::Name(_)));
        assert!(matches!(f.parameters[3].pattern, Pattern::Parts(_)));
    }

    #[test]
    fn a_size_is_checked_as_soon_as_there_is_one() {
        let always = |item| {
            let budget = function(quote!(max_size = 64), item).budget.expect("was given");
            matches!(budget.checked, Checked::Always)
        };
        assert!(always(quote! { async fn f<'a>(a: &'a str, b: &str) {} }));
        assert!(!always(quote! { async fn f<T>(a: T) {} }));
        assert!(!always(quote! { async fn f<const N: usize>() {} }));
        assert!(!always(quote! { async fn f(a: impl Read) {} }));
        assert!(!always(quote! { async fn f(&self) {} }));
        assert!(!always(quote! { async fn f() { Self::g().await } }));
    }

    #[test]
    fn what_is_returned_may_have_no_name() {
        let output = |item| function(quote!(), item).output;
        assert!(matches!(output(quote! { async fn f() {} }), Output::Named(_)));
        assert!(matches!(output(quote! { async fn f() -> ! {} }), Output::Never));
        assert!(matches!(output(quote! { async fn f() -> Option<impl Debug> {} }), Output::Unnamed(_)));
    }

    #[test]
    fn options_are_checked() {
        let f = || quote! { async fn f() {} };
        assert_eq!(
            mistakes(quote!(pool = 0), f()),
            ["a pool without slots starts nothing; write `pool = 1` or more"]
        );
        assert_eq!(
            mistakes(quote!(max_size = 0), f()),
            ["no future fits into 0 bytes; write `max_size = 4096`, say"]
        );
        assert_eq!(
            mistakes(quote!(pool_size = 4, maxsize = 1), f()),
            [
                "there is no option `pool_size`; did you mean `pool = 1024`?",
                "there is no option `maxsize`; did you mean `max_size = 4096`?"
            ]
        );
        assert_eq!(
            mistakes(quote!(pool = 16777217), f()),
            ["`16777217` is too large; the largest is 16777216"]
        );
        assert_eq!(
            mistakes(quote!(max_size = "4K"), f()),
            ["`max_size` takes a number of bytes, such as `max_size = 4096`"]
        );
    }

    #[test]
    fn a_pool_with_mistakes_is_still_a_pool() {
        for list in [quote!(pool = 0), quote!(pool = "many"), quote!(pool)] {
            let (task, errors) = read(list, quote! { async fn f() {} });
            assert_eq!(errors.len(), 1);
            assert!(matches!(task, Task::Function(f) if matches!(f.pool, Pool::Refused)));
        }
    }

    #[test]
    fn a_pool_is_of_one_type() {
        let pool = |item| mistakes(quote!(pool = 1), item).len();
        assert_eq!(pool(quote! { async fn f(a: u8, b: &'static str) -> u8 {} }), 0);
        assert_eq!(pool(quote! { async fn f<T>(a: T) where T: Read {} }), 1);
        assert_eq!(pool(quote! { async fn f() where u8: Read {} }), 1);
        assert_eq!(pool(quote! { async fn f(&self, a: impl Read, b: &str) -> impl Read {} }), 4);
        assert_eq!(pool(quote! { async fn f() -> u8 { Self::g() } }), 1);
        assert_eq!(pool(quote! { async unsafe fn f() {} }), 1);
    }

    #[test]
    fn the_wrong_item_is_named() {
        let mistakes = |item| mistakes(quote!(), item);
        assert_eq!(mistakes(quote! { struct S; }), ["`#[seastar::task]` goes on an `async fn`"]);
        assert_eq!(mistakes(quote! { fn f() {} }), ["`#[seastar::task]` runs a future; write `async fn`"]);
        assert_eq!(mistakes(quote! { async fn f(); }).len(), 1);
        assert_eq!(
            mistakes(quote! { #[embassy_executor::task] const extern "C" fn f(#[cfg(a)] b: u8, ...) {} })
                .len(),
            6
        );
    }
}
