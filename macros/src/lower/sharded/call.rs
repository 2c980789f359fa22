//! The methods of the handle: each sends the method of the service and its arguments to where it runs.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Attribute, GenericArgument, Path, PathArguments, Type, spanned::Spanned};

use super::{prefix, turbofish};
use crate::{
    krate::placed,
    model::sharded::{Argument, Block, Call, Place, Service},
};

pub fn calls(service: &Service) -> TokenStream {
    if service.calls.is_empty() {
        return TokenStream::new();
    }
    let Service { block: Block { generics, .. }, handle, calls, .. } = service;
    let (params, arguments, clause) = generics.split_for_impl();
    let name = &handle.name;
    let methods = calls.iter().map(|call| method(service, call));
    let checks = calls.iter().filter(|call| call.sized).flat_map(|call| {
        let cfgs: Vec<&Attribute> = call.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect();
        checks(service, call).into_iter().map(move |check| quote!(#(#cfgs)* const _: () = #check;))
    });
    quote! {
        // Where documentation is missing, it is missing in the service.
        #[allow(missing_docs)]
        impl #params #name #arguments #clause { #(#methods)* }
        #(#checks)*
    }
}

fn method(service: &Service, call: &Call) -> TokenStream {
    let krate = &service.krate;
    let Call { attrs, vis, name, generics, arguments, output, .. } = call;
    let (params, _, clause) = generics.split_for_impl();
    let parameters = arguments.iter().map(|Argument { name, ty }| quote!(#name: #ty));
    let ours = Span::call_site().located_at(output.span());
    let not_running = placed(quote!(#krate::NotRunning), output.span());
    let answer = quote_spanned!(ours=> ::core::result::Result<#output, #not_running>);
    let a_call = placed(quote!(#krate::Call), output.span());
    let future = quote_spanned!(ours=> impl #a_call<#output>);
    let names = arguments.iter().map(|argument| &argument.name);
    let (attr, asyncness, answer, body) = match &call.place {
        // Where nothing is gained by less than an `async fn`.
        place @ Place::All { .. } => (None, Some(quote!(async)), answer, run(service, call, place)),
        Place::Refused => (None, None, future, quote!(let _ = (#(#names,)*); #krate::__private::refused())),
        place => (Some(quote!(#[track_caller])), None, future, run(service, call, place)),
    };
    // What has a size only where it is called is checked there.
    let checks = match call.sized {
        true => Vec::new(),
        false => checks(service, call),
    };
    quote! {
        #(#attrs)*
        #attr
        #vis #asyncness fn #name #params (self, #(#parameters),*) -> #answer #clause {
            #(const { #checks };)*
            #body
        }
    }
}

fn run(service: &Service, call: &Call, place: &Place) -> TokenStream {
    let krate = &service.krate;
    let this = prefix(&service.block.this);
    let Call { name, generics, arguments, output, is_async, .. } = call;
    let turbofish = turbofish(generics);
    // What may be wrong with the types is told where they are written: those of the arguments, and elsewhere the result's.
    let carry = if let Place::All { .. } = place { "copied" } else { "sent" };
    let carried = arguments.iter().map(|argument| carried(krate, carry, argument));
    let ours = Span::call_site().located_at(output.span());
    let kind = Ident::new(if *is_async { "method" } else { "sync_method" }, ours);
    let private = placed(quote!(#krate::__private), output.span());
    let work = quote_spanned!(ours=> #private::#kind(#this::#name #turbofish, (#(#carried)*)));
    let on = |shard: TokenStream| match &service.group {
        None => quote_spanned!(ours=> #private::call_on(self.0, #shard, #work)),
        Some(group) => {
            // What is no group is told where it is named.
            let and = placed(quote!(&), group.span());
            quote_spanned!(ours=> #private::call_in_group(#and #group, self.0, #shard, #work))
        }
    };
    match place {
        Place::Owner(keys) => {
            let at = keys[0].span();
            let and = placed(quote!(&), at);
            let key = match &**keys {
                [key] => quote!(#and #key),
                keys => quote!(#and (#(&#keys),*)),
            };
            let shard_of = placed(quote!(self.0.shard_of), at);
            // Ours alone: an argument may be called so, too.
            let shard = Ident::new("shard", Span::mixed_site());
            let call = on(quote!(#shard));
            quote!(let #shard = #shard_of(#key); #call)
        }
        Place::Number(number) => {
            let nth_shard = placed(quote!(#krate::__private::nth_shard), number.span());
            on(quote!(#nth_shard(self.0, #number)))
        }
        Place::Shard(shard) => on(quote!(#shard)),
        Place::All { reduce: None } => quote_spanned!(ours=> #private::call_all(self.0, #work).await),
        Place::All { reduce: Some(reduce) } => {
            quote_spanned!(ours=> #private::call_reduce(self.0, #work, #reduce).await)
        }
        Place::Refused => TokenStream::new(),
    }
}

/// An argument that is taken along in the way that `carry` names.
pub fn carried(krate: &Path, carry: &str, argument: &Argument) -> TokenStream {
    let Argument { name, ty } = argument;
    let carry = Ident::new(carry, Span::call_site());
    placed(quote!(#krate::__private::#carry(#name),), ty.span())
}

/// Expressions that do not compile if the arguments, each with those before it, or the result are too large.
fn checks(service: &Service, call: &Call) -> Vec<TokenStream> {
    let Service { krate, message_max, .. } = service;
    let method = call.name.to_string();
    let arguments = call.arguments.iter().enumerate().map(|(index, Argument { name, ty })| {
        let so_far = call.arguments[..=index].iter().map(|argument| &argument.ty);
        let name = name.to_string();
        let check = quote!(check_message::<(#(#so_far,)*)>(#name, #method, #message_max));
        (ty, check)
    });
    let output = &call.output;
    let result = (output, quote!(check_answer::<#output>(#method, #message_max)));
    if let Place::Refused = call.place {
        return Vec::new();
    }
    let all = arguments.chain([result]);
    all.filter(|(ty, _)| !is_small(ty))
        .map(|(ty, check)| placed(quote!(#krate::__private::#check), ty.span()))
        .collect()
}

/// Whether the type is known to be small enough for any message: numbers, and what is a few words on this side of a pointer.
fn is_small(ty: &Type) -> bool {
    const SMALL: [&str; 19] = [
        "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64",
        "u128", "usize", "String", "Vec", "Box",
    ];
    match ty {
        Type::Path(path) => match path.path.segments.first() {
            Some(only) if path.path.segments.len() == 1 => match &only.arguments {
                PathArguments::AngleBracketed(inner) if only.ident == "Option" => {
                    inner.args.iter().all(|inner| matches!(inner, GenericArgument::Type(ty) if is_small(ty)))
                }
                _ => SMALL.iter().any(|name| only.ident == name),
            },
            _ => false,
        },
        Type::Tuple(tuple) => tuple.elems.is_empty(),
        _ => false,
    }
}
