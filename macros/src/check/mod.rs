//! Mistakes in code that runs on a shard, and that the compiler does not know to be mistakes.
//!
//! A macro sees words and not types. What can be told by words is told at once ([`blocking`],
//! [`spinning`], [`nothing`]). For the rest, [`probe`] leaves questions about types in code that is never reached, and the
//! compiler answers them. A check that cannot be sure says nothing.

mod blocking;
mod calls;
mod held;
mod nothing;
mod paths;
mod probe;
mod reach;
mod spinning;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{
    Attribute, Block, Path, Signature, braced,
    parse::{Parse, ParseStream},
    parse_quote,
    token::Brace,
};

use crate::{
    errors::Errors,
    model::{
        entry::Entry,
        sharded::{Member, Sharded},
        task::Task,
    },
};

/// The same with its body checked; after a mistake that leaves nothing to call, that one comes first.
pub fn entry(entry: Entry, errors: &mut Errors) -> Entry {
    let Entry::Function(mut wrapped) = entry else { return entry };
    if let Some(run) = &wrapped.run {
        let deny = deny(wrapped.attrs.iter().chain(&wrapped.inner.attrs));
        let inner = &mut wrapped.inner;
        inner.attrs.splice(0..0, deny);
        inner.body = body(&run.krate, &inner.sig, std::mem::take(&mut inner.body), errors);
    }
    Entry::Function(wrapped)
}

/// The same with its body checked.
pub fn task(task: Task, errors: &mut Errors) -> Task {
    let Task::Function(mut function) = task else { return task };
    let deny = deny(&function.attrs);
    function.attrs.splice(0..0, deny);
    function.body = body(&function.krate, &function.sig, std::mem::take(&mut function.body), errors);
    Task::Function(function)
}

/// The same with the bodies of its methods checked, and of whatever else in there is async.
pub fn sharded(sharded: Sharded, errors: &mut Errors) -> Sharded {
    let Sharded::Service(mut service) = sharded else { return sharded };
    let deny = deny(&service.block.attrs);
    service.block.attrs.extend(deny);
    for member in &mut service.block.members {
        if let Member::Function(function) = member
            && (function.sig.asyncness.is_some() || function.sig.receiver().is_some())
            && !function.attrs.iter().any(is_task)
        {
            function.body = body(&service.krate, &function.sig, std::mem::take(&mut function.body), errors);
        }
    }
    Sharded::Service(service)
}

/// Whether the attribute will check the body itself.
fn is_task(attr: &Attribute) -> bool {
    attr.path().segments.last().is_some_and(|last| last.ident == "task")
}

/// Makes a future that is never awaited an error, unless the user's own attributes decide about that.
pub fn deny<'a>(attrs: impl IntoIterator<Item = &'a Attribute>) -> Option<Attribute> {
    let decided =
        attrs.into_iter().any(|attr| reach::mentions(attr.meta.to_token_stream(), "unused_must_use"));
    (!decided).then(|| parse_quote!(#[deny(unused_must_use)]))
}

/// The body of an `async fn` that runs on a shard, with the questions about its types; `body` is in braces.
///
/// A body that does not parse stays as it is: `rustc` says best what is wrong with it.
pub fn body(krate: &Path, sig: &Signature, body: TokenStream, errors: &mut Errors) -> TokenStream {
    let Ok(Body { attrs, mut block }) = syn::parse2(body.clone()) else { return body };
    let paths = paths::Paths::of(&block);
    blocking::find(&block, &paths, errors);
    spinning::find(&block, errors);
    nothing::find(&block, errors);
    match probe::instrument(krate, sig, &mut block, &paths) {
        true => {
            let mut checked = TokenStream::new();
            let Block { brace_token, stmts } = block;
            brace_token.surround(&mut checked, |inner| inner.extend(quote!(#(#attrs)* #(#stmts)*)));
            checked
        }
        false => body,
    }
}

/// A block whose inner attributes are kept apart, because they have to stay first.
struct Body {
    attrs: Vec<Attribute>,
    block: Block,
}

impl Parse for Body {
    fn parse(input: ParseStream) -> syn::Result<Body> {
        let content;
        let brace_token: Brace = braced!(content in input);
        let attrs = content.call(Attribute::parse_inner)?;
        Ok(Body { attrs, block: Block { brace_token, stmts: content.call(Block::parse_within)? } })
    }
}
