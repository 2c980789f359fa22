//! `#[seastar::test(options)] async fn name() -> R { .. }`

use proc_macro2::TokenStream;

use super::{
    entry::{Source, Speaker, output, parameters, reject},
    settings,
};
use crate::{
    errors::Errors,
    krate,
    model::entry::{Entry, Inner, Role, Run, Wrapped},
    options,
};

const TEST: Speaker = Speaker { attribute: "seastar::test", function: "a test" };

pub fn parse(list: TokenStream, item: TokenStream, errors: &mut Errors) -> Entry {
    let mut settings = options::parse(list, settings::KEYS, errors);
    let Source { mut attrs, vis, mut sig, body } = match TEST.read(item, errors) {
        Ok(source) => source,
        Err(item) => return Entry::Other(item),
    };
    reject(&mut attrs, "test", "`#[seastar::test]` already makes this a test; remove this attribute", errors);
    TEST.repair(&mut sig, errors);
    for parameter in parameters(&sig) {
        errors.at(parameter, "nobody passes a value to a test; make it inside, with `let`");
    }
    let callable = TEST.is_callable(&sig, errors) && sig.inputs.is_empty() && sig.variadic.is_none();
    let run = callable.then(|| Run {
        krate: krate::take(&mut settings),
        settings,
        output: output(&sig),
        role: Role::Test,
    });
    let name = sig.ident.clone();
    Entry::Function(Box::new(Wrapped {
        attrs,
        vis,
        name,
        inner: Inner { attrs: Vec::new(), sig, body },
        run,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    fn mistakes(item: TokenStream) -> Vec<String> {
        let mut errors = Errors::default();
        parse(TokenStream::new(), item, &mut errors);
        errors.messages()
    }

    #[test]
    fn attributes_stay_outside() {
        let item = quote! { #[ignore] #[should_panic] async fn fails() {} };
        let Entry::Function(wrapped) = parse(quote!(shards = 2), item, &mut Errors::default()) else {
            panic!("no function")
        };
        assert_eq!(wrapped.attrs.len(), 2);
        assert!(wrapped.inner.attrs.is_empty());
        assert_eq!(wrapped.run.map(|run| run.settings.len()), Some(1));
    }

    #[test]
    fn every_mistake_is_named() {
        let twice = "`#[seastar::test]` already makes this a test; remove this attribute";
        assert_eq!(mistakes(quote! { #[test] #[tokio::test] async fn f() {} }), [twice, twice]);
        let value = "nobody passes a value to a test; make it inside, with `let`";
        assert_eq!(mistakes(quote! { async fn f(a: u8, b: u8) {} }), [value, value]);
        assert_eq!(mistakes(quote! { fn f() {} }), ["`#[seastar::test]` runs a future; write `async fn`"]);
        assert_eq!(mistakes(quote! { mod f {} }), ["`#[seastar::test]` goes on an `async fn`"]);
    }
}
