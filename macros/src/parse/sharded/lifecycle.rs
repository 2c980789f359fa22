//! `async fn start(..) -> Self` or `-> Result<Self, E>`, and `async fn stop(&self)`.

use syn::{
    GenericArgument, Ident, PathArguments, ReceiverKind, ReturnType, Safety, Signature, Type,
    parse_quote_spanned,
};

use super::{
    is_cfg,
    place::Marked,
    shared,
    signature::{arguments, is_shared_self, named, refuse_borrowed, refuse_lifetimes},
    types::{first_argument, text},
};
use crate::{
    errors::Errors,
    model::sharded::{Function, Start, StartArgument, Started, Stop},
    parse::entry::{output, parameters},
};

/// Neither is a call.
pub fn refuse_place(marked: Option<Marked>, name: &str, errors: &mut Errors) {
    let Some(Marked { attr, .. }) = marked else { return };
    let message = match name {
        "start" => "`start` runs once on every shard, when `start_sharded` is called; remove this attribute",
        _ => {
            "`stop` runs once on every shard, when the service is stopped through its handle; remove this attribute"
        }
    };
    errors.at(attr, message);
}

/// What `start_sharded` has to do; `None` after a mistake that leaves nothing to call.
pub fn start(
    function: &mut Function,
    this: &Type,
    handle: &Type,
    handle_name: &Ident,
    errors: &mut Errors,
) -> Option<Start> {
    let Function { attrs, vis, sig, .. } = function;
    make_async(sig, "start", errors);
    let mut refused = refuse_lifetimes(sig, errors) | refuse_unsafe(sig, "start", errors);
    if let Some(receiver) = sig.receiver() {
        let receiver_text = text(receiver);
        errors.at(
            receiver,
            format!("`start` makes the instance of a shard, so there is none yet; remove `{receiver_text}`"),
        );
        refused = true;
    }
    refused |= refuse_borrowed(sig, errors);
    let (started, output) = started(sig, this, handle, errors)?;
    let arguments =
        arguments(sig, this).into_iter().map(|argument| match is_named(&argument.ty, handle_name) {
            true => StartArgument::Peers,
            false => StartArgument::Given(Box::new(argument)),
        });
    let start = Start {
        attrs: shared(attrs).into_iter().filter(|attr| !attr.path().is_ident("doc")).collect(),
        vis: vis.clone(),
        generics: sig.generics.clone(),
        arguments: arguments.collect(),
        started,
        output,
    };
    (!refused).then_some(start)
}

/// How the service stops; `None` after a mistake.
pub fn stop(function: &mut Function, errors: &mut Errors) -> Option<Stop> {
    let Function { attrs, sig, .. } = function;
    make_async(sig, "stop", errors);
    let mut refused = refuse_unsafe(sig, "stop", errors);
    let by_value = sig.receiver().is_some_and(|receiver| matches!(receiver.kind, ReceiverKind::Value));
    if by_value {
        let message = "calls may be in progress while a service stops, and its instances are dropped when none is; write `&self`";
        errors.at(sig.receiver(), message);
        refused = true;
    } else {
        refused |= !is_shared_self(sig, errors);
    }
    for parameter in parameters(sig) {
        errors
            .at(parameter, "`stop` is called with nothing but the instance; give `start` what it will need");
        refused = true;
    }
    if !sig.generics.params.is_empty() {
        errors.at(&sig.generics, "nobody chooses type parameters for `stop`; remove them");
        refused = true;
    }
    let output = match &sig.output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => Some(Type::clone(ty)),
    };
    let cfgs = attrs.iter().filter(|attr| is_cfg(attr)).cloned().collect();
    (!refused).then_some(Stop { cfgs, output })
}

fn make_async(sig: &mut Signature, name: &str, errors: &mut Errors) {
    if sig.asyncness.is_some() {
        return;
    }
    let fn_token = sig.fn_token;
    errors.at(
        fn_token,
        format!("`{name}` runs on all shards at the same time, and may wait; write `async fn {name}`"),
    );
    sig.constness = None;
    sig.asyncness = Some(parse_quote_spanned!(fn_token.span=> async));
}

fn refuse_unsafe(sig: &Signature, name: &str, errors: &mut Errors) -> bool {
    let Safety::Unsafe(token) = &sig.safety else { return false };
    let message = "nobody could keep the promises of an unsafe one; use `unsafe` blocks inside";
    errors.at(token, format!("`{name}` is called by the runtime, and {message}"));
    true
}

/// Whether `start` may fail, and its type with the handle in the place of the service.
fn started(sig: &Signature, this: &Type, handle: &Type, errors: &mut Errors) -> Option<(Started, Type)> {
    let ty = output(sig);
    let is_service = |ty: &Type| text(ty) == "Self" || text(ty) == text(this);
    if is_service(&ty) {
        return Some((Started::Service, handle.clone()));
    }
    if first_argument(&ty, "Result").is_some_and(is_service)
        && let Type::Path(mut path) = ty
    {
        if let Some(last) = path.path.segments.last_mut()
            && let PathArguments::AngleBracketed(arguments) = &mut last.arguments
            && let Some(GenericArgument::Type(first)) = arguments.args.first_mut()
        {
            *first = handle.clone();
        }
        return Some((Started::Result, named(&Type::Path(path), this)));
    }
    let message =
        "`start` makes the instance of a shard; return `Self`, or `Result<Self, E>` if that may fail";
    match &sig.output {
        ReturnType::Default => errors.at(&sig.ident, message),
        ReturnType::Type(_, ty) => errors.at(ty, message),
    }
    None
}

fn is_named(ty: &Type, name: &Ident) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == *name))
}
