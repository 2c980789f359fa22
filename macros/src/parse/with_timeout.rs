//! `with_timeout!(duration => body)`

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::Expr;

use super::{
    limits,
    statement::{self, Call},
};
use crate::{
    errors::Errors,
    model::timed::{Timed, Work},
};

const FORM: &str = "with_timeout!(duration => body)";

pub fn parse(input: TokenStream, errors: &mut Errors) -> Timed {
    let Call { krate, head, body } = statement::parse(input, FORM, errors);
    if head.is_empty() {
        errors.here(format!("nothing says how long the body may take; write `{FORM}`"));
    }
    let any = || Expr::Verbatim(quote!(#krate::time::Duration::MAX));
    let mut duration = syn::parse2(head.clone()).unwrap_or_else(|error| {
        if !head.is_empty() {
            errors.add(error);
        }
        any()
    });
    if limits::is_number(&duration, errors) {
        duration = any();
    }
    Timed { krate, duration, work: work(body) }
}

/// Whether a single future takes all the time, and so needs no future of its own around it.
fn work(body: Expr) -> Work {
    let (inner, question) = match body {
        Expr::Try(tried) => (*tried.expr, Some((tried.attrs, tried.question_token))),
        other => (other, None),
    };
    match (inner, question) {
        (Expr::Await(awaited), question) if !awaits(awaited.base.to_token_stream()) => {
            Work::Future { future: awaited.base, question: question.map(|(_, token)| token) }
        }
        (inner, Some((attrs, question_token))) => {
            Work::Body(Box::new(Expr::Try(syn::ExprTry { attrs, expr: Box::new(inner), question_token })))
        }
        (inner, None) => Work::Body(Box::new(inner)),
    }
}

/// Whether any `.await` stands in there.
fn awaits(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|tree| match tree {
        TokenTree::Group(group) => awaits(group.stream()),
        TokenTree::Ident(ident) => ident == "await",
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(input: TokenStream) -> (String, Vec<String>) {
        let mut errors = Errors::default();
        let timed = parse(quote!(::seastar; #input), &mut errors);
        let work = match timed.work {
            Work::Future { future, question } => quote!(#future then #question),
            Work::Body(body) => quote!(body #body),
        };
        (work.to_string(), errors.messages())
    }

    #[test]
    fn one_future_needs_none_around_it() {
        assert_eq!(parsed(quote!(d => read(x?).await)), ("read (x ?) then".into(), vec![]));
        assert_eq!(parsed(quote!(d => read().await?)), ("read () then ?".into(), vec![]));
        assert_eq!(
            parsed(quote!(d => open().await.read().await)).0,
            "body open () . await . read () . await"
        );
        assert_eq!(parsed(quote!(d => read()?)).0, "body read () ?");
        assert_eq!(parsed(quote!(d => { read().await })).0, "read () then");
        assert_eq!(parsed(quote!(d => { read().await; })).0, "body { read () . await ; }");
    }

    #[test]
    fn every_mistake_is_named() {
        let form = "write `with_timeout!(duration => body)`";
        let mistakes = |input| parsed(input).1;
        assert_eq!(mistakes(quote!(=> 1)), [format!("nothing says how long the body may take; {form}")]);
        assert_eq!(mistakes(quote!(d, a())), [format!("no `=>` says where the body begins; {form}")]);
        assert_eq!(
            mistakes(quote!(5 => a().await)),
            ["a number does not say of what; write `Duration::from_millis(5)` or `from_secs(5)`"]
        );
    }
}
