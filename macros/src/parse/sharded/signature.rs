//! What a call to another shard asks of the method below its attribute.
//!
//! After a mistake the method stays on the handle wherever its types can be written there, so that those who call it
//! hear nothing of it.

use quote::ToTokens;
use syn::{GenericParam, Receiver, ReceiverKind, ReturnType, Safety, Signature, Type, parse_quote};

use super::{
    is_generic,
    place::{self, Marked, Method},
    shared,
    types::{borrowed, text, without_self},
};
use crate::{
    errors::Errors,
    model::sharded::{Argument, Call, Function, Place},
    parse::{
        entry::{is_unnamed, output, parameters},
        task::name_of,
    },
};

/// What a message has places for.
const ARGUMENTS_MAX: usize = 12;

/// The call; `None` if nothing can be written for it on the handle.
pub fn call(
    function: &Function,
    marked: &Marked,
    this: &Type,
    generic: bool,
    errors: &mut Errors,
) -> Option<Call> {
    let Function { attrs, vis, sig, .. } = function;
    let name = &sig.ident;
    if refuse_lifetimes(sig, errors) {
        return None;
    }
    let mut refused = !is_shared_self(sig, errors);
    if let Safety::Unsafe(token) = &sig.safety {
        let message = "a call comes from another shard, and nobody there could keep the promises of an unsafe method; use `unsafe` blocks inside";
        errors.at(token, message);
        refused = true;
    }
    let arguments = arguments(sig, this);
    refused |= refuse_borrowed(sig, errors);
    let output = returned(sig, this, errors);
    let returns_nothing = matches!(&sig.output, ReturnType::Default) || text(self::output(sig)) == "()";
    let method = Method { name, arguments: &arguments, returns_nothing, this };
    let place = place::read(marked, &method, errors);
    Some(Call {
        attrs: shared(attrs),
        vis: vis.clone(),
        name: name.clone(),
        generics: sig.generics.clone(),
        output: output?,
        is_async: sig.asyncness.is_some(),
        place: if refused { Place::Refused } else { place },
        sized: !generic && !is_generic(&sig.generics),
        arguments,
    })
}

/// Whether the method takes `&self`, as all have to that run on an instance.
pub fn is_shared_self(sig: &Signature, errors: &mut Errors) -> bool {
    let name = &sig.ident;
    let Some(receiver) = sig.receiver() else {
        errors.at(
            name,
            format!("`{name}` runs on the instance of a shard; write `&self` as its first argument"),
        );
        return false;
    };
    let Receiver { kind, .. } = receiver;
    match kind {
        ReceiverKind::Reference(_, None, None) => return true,
        ReceiverKind::Reference(_, _, Some(_)) => {
            let message = "several calls may be in progress on an instance at the same time; write `&self`, and put what changes into a `Cell` or a `RefCell`";
            errors.at(receiver, message);
        }
        ReceiverKind::Reference(_, Some(lifetime), None) => {
            errors.at(lifetime, "an instance is borrowed for as long as a call of it runs; write `&self`");
        }
        _ => {
            let message = "an instance stays where it is until its service stops, and all calls share it; write `&self`";
            errors.at(receiver, message);
        }
    }
    false
}

/// Reports every lifetime that the function has as a parameter.
pub fn refuse_lifetimes(sig: &Signature, errors: &mut Errors) -> bool {
    let mut any = false;
    for param in sig.generics.params.iter().filter(|param| matches!(param, GenericParam::Lifetime(_))) {
        errors.at(param, "what goes to another shard borrows nothing from this one; remove the lifetime");
        any = true;
    }
    any
}

/// Reports every argument that cannot go to another shard.
pub fn refuse_borrowed(sig: &Signature, errors: &mut Errors) -> bool {
    let mut any = false;
    for parameter in parameters(sig) {
        if let Some((tokens, advice)) = borrowed(&parameter.ty) {
            let message =
                format!("arguments go to other shards, which cannot borrow from this one; take {advice}");
            errors.at(tokens, message);
            any = true;
        }
        if is_unnamed(&parameter.ty) {
            let message = "the message that carries it has one type; write its name, or a type parameter";
            errors.at(&parameter.ty, message);
            any = true;
        }
        for attr in parameter.attrs.iter().filter(|attr| attr.path().is_ident("cfg")) {
            errors.at(attr, "a call has the same arguments everywhere; write `#[cfg]` on two methods");
            any = true;
        }
    }
    if let Some(parameter) = parameters(sig).nth(ARGUMENTS_MAX) {
        let message = format!("a message takes {ARGUMENTS_MAX} arguments along; make a struct of some");
        errors.at(parameter, message);
        any = true;
    }
    if let Some(variadic) = &sig.variadic {
        errors.at(variadic, "a call takes the arguments that it names; remove `...`");
        any = true;
    }
    any
}

/// What the call takes besides `self`.
pub fn arguments(sig: &Signature, this: &Type) -> Vec<Argument> {
    parameters(sig)
        .enumerate()
        .map(|(index, parameter)| Argument {
            name: name_of(index, &parameter.pat),
            ty: named(&parameter.ty, this),
        })
        .collect()
}

/// What comes back; `None` if nobody can write it on the handle.
fn returned(sig: &Signature, this: &Type, errors: &mut Errors) -> Option<Type> {
    let ty = output(sig);
    if is_unnamed(&ty) {
        errors.at(&ty, "the message that brings the result has one type; write its name");
        return None;
    }
    if matches!(ty, Type::Never(_)) {
        let message =
            "whoever calls it would wait for ever; start a fiber with `seastar::spawn` in it, and return";
        errors.at(&ty, message);
        return None;
    }
    if let Some((tokens, advice)) = borrowed(&ty) {
        let advice = advice.trim_end_matches(" itself");
        errors.at(
            tokens,
            format!("the result goes to another shard, which cannot borrow from this one; return {advice}"),
        );
        return None;
    }
    Some(named(&ty, this))
}

/// The type as it is written outside of the block.
pub fn named(ty: &Type, this: &Type) -> Type {
    let tokens = without_self(ty.to_token_stream(), this);
    parse_quote!(#tokens)
}
