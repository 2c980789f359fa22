//! `#[seastar::main(options)] async fn main(args: Args) -> R { .. }`

use proc_macro2::{Ident, TokenStream};
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Signature, Type};

use super::{
    entry::{Source, Speaker, is_unnamed, output, parameters, reject},
    settings,
};
use crate::{
    errors::Errors,
    krate,
    model::entry::{Entry, Inner, Role, Run, Wrapped},
    options,
};

const MAIN: Speaker = Speaker { attribute: "seastar::main", function: "`main`" };

/// Attributes that speak to `rustc` about the item and not about the code in it.
const OUTER: [&str; 8] = ["cfg", "cfg_attr", "doc", "allow", "expect", "warn", "deny", "forbid"];

pub fn parse(list: TokenStream, item: TokenStream, errors: &mut Errors) -> Entry {
    let mut settings = options::parse(list, settings::KEYS, errors);
    let Source { mut attrs, vis, mut sig, body } = match MAIN.read(item, errors) {
        Ok(source) => source,
        Err(item) => return Entry::Other(item),
    };
    reject(&mut attrs, "main", "`#[seastar::main]` already starts a runtime; remove this attribute", errors);
    MAIN.repair(&mut sig, errors);
    if sig.ident != "main" {
        errors.at(
            &sig.ident,
            format!("`#[seastar::main]` is where the program starts; rename `{}` to `main`", sig.ident),
        );
    }
    let callable = MAIN.is_callable(&sig, errors);
    let args = arguments(&sig, errors).filter(|_| callable);
    let (outer, inner): (Vec<_>, Vec<_>) =
        attrs.into_iter().partition(|attr| OUTER.iter().any(|name| attr.path().is_ident(name)));
    let run = args.map(|args| Run {
        krate: krate::take(&mut settings),
        settings,
        output: output(&sig),
        role: Role::Main { about: about(&outer), args },
    });
    let name = Ident::new("main", sig.ident.span());
    Entry::Function(Box::new(Wrapped {
        attrs: outer,
        vis,
        name,
        inner: Inner { attrs: inner, sig, body },
        run,
    }))
}

/// The type of the parameter if there is one, and `None` if `main` cannot be called with what it asks for.
fn arguments(sig: &Signature, errors: &mut Errors) -> Option<Option<Box<Type>>> {
    let mut callable = sig.receiver().is_none() && sig.variadic.is_none();
    let mut types = parameters(sig).map(|parameter| parameter.ty.clone());
    let args = types.next();
    if let Some(args) = args.as_ref().filter(|args| is_unnamed(args)) {
        errors.at(
            args,
            "the command line is parsed into one type; write the name of a struct that derives `clap::Args`",
        );
        callable = false;
    }
    for parameter in parameters(sig).skip(1) {
        errors.at(
            parameter,
            "`main` takes one parameter; make this a field of the struct that derives `clap::Args`",
        );
        callable = false;
    }
    callable.then_some(args)
}

/// The first paragraph of the doc comment, as one line.
fn about(attrs: &[Attribute]) -> Option<String> {
    let text: Vec<String> = attrs.iter().filter_map(doc).collect();
    let lines = text.iter().flat_map(|text| text.split('\n')).map(str::trim);
    let paragraph: Vec<&str> =
        lines.skip_while(|line| line.is_empty()).take_while(|line| !line.is_empty()).collect();
    (!paragraph.is_empty()).then(|| paragraph.join(" "))
}

fn doc(attr: &Attribute) -> Option<String> {
    match &attr.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::{ToTokens, quote};

    fn mistakes(item: TokenStream) -> Vec<String> {
        let mut errors = Errors::default();
        parse(TokenStream::new(), item, &mut errors);
        errors.messages()
    }

    fn run(item: TokenStream) -> Run {
        let mut errors = Errors::default();
        let Entry::Function(wrapped) = parse(TokenStream::new(), item, &mut errors) else {
            panic!("no function")
        };
        assert_eq!(errors.messages(), [""; 0]);
        wrapped.run.expect("can be called")
    }

    fn output_of(item: TokenStream) -> String {
        run(item).output.to_token_stream().to_string()
    }

    #[test]
    fn the_result_always_has_a_type() {
        assert_eq!(output_of(quote! { async fn main() {} }), "()");
        assert_eq!(output_of(quote! { async fn main() -> ExitCode {} }), "ExitCode");
    }

    #[test]
    fn the_first_paragraph_is_for_the_help_text() {
        let about = |item| match run(item).role {
            Role::Main { about, .. } => about,
            Role::Test => None,
        };
        assert_eq!(about(quote! { async fn main() {} }), None);
        let documented = quote! {
            ///
            /// One
            /// two.
            ///
            /// Three.
            async fn main() {}
        };
        assert_eq!(about(documented).as_deref(), Some("One two."));
        assert_eq!(about(quote! { #[doc = include_str!("a.md")] async fn main() {} }), None);
    }

    #[test]
    fn every_mistake_is_named() {
        assert_eq!(mistakes(quote! { struct Server; }), ["`#[seastar::main]` goes on an `async fn`"]);
        assert_eq!(mistakes(quote! { fn main() {} }), ["`#[seastar::main]` runs a future; write `async fn`"]);
        let everything = quote! {
            #[tokio::main]
            pub const unsafe extern "C" fn server<T>(a: impl Args, b: T, c: T) -> impl Exit {}
        };
        assert_eq!(mistakes(everything).len(), 11);
    }

    #[test]
    fn self_is_left_to_rustc() {
        let mut errors = Errors::default();
        let entry = parse(TokenStream::new(), quote! { async fn main(self) {} }, &mut errors);
        assert!(matches!(entry, Entry::Function(wrapped) if wrapped.run.is_none()));
        assert_eq!(errors.messages(), [""; 0]);
    }
}
