//! A service: the user's block, what starts and stops it, and the handle through which it is called.

mod call;
#[cfg(test)]
mod tests;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{GenericParam, Generics, PathArguments, Type, spanned::Spanned};

use crate::{
    krate::placed,
    model::sharded::{Argument, Block, Handle, Service, Sharded, Start, StartArgument, Started, Stop},
};

pub fn lower(sharded: Sharded) -> TokenStream {
    let service = match sharded {
        Sharded::Service(service) => *service,
        Sharded::Other(item) => return item,
    };
    let parts =
        [block(&service.block), stops(&service), starts(&service), handle(&service), call::calls(&service)];
    parts.into_iter().collect()
}

fn block(block: &Block) -> TokenStream {
    let Block { attrs, generics, this, members } = block;
    let (params, _, clause) = generics.split_for_impl();
    quote! {
        #(#attrs)*
        impl #params #this #clause { #(#members)* }
    }
}

fn stops(service: &Service) -> TokenStream {
    let one_without = [Stop { cfgs: Vec::new(), output: None }];
    let (stops, given) = match &*service.stops {
        [] => (&one_without[..], false),
        stops => (stops, true),
    };
    stops.iter().map(|stop| stops_with(service, stop, given)).collect()
}

fn stops_with(service: &Service, stop: &Stop, given: bool) -> TokenStream {
    let Service { krate, block: Block { generics, this, .. }, .. } = service;
    let (params, _, clause) = generics.split_for_impl();
    let Stop { cfgs, output } = stop;
    let output = output.as_ref().map_or_else(|| quote!(()), ToTokens::into_token_stream);
    let call = given.then(|| {
        let this = prefix(this);
        quote! {
            fn stop(&self) -> impl ::core::future::Future<Output = #output> {
                #this::stop(self)
            }
        }
    });
    quote! {
        #(#cfgs)*
        impl #params #krate::Service for #this #clause {
            type Stopped = #output;
            #call
        }
    }
}

fn starts(service: &Service) -> TokenStream {
    if service.starts.is_empty() {
        return TokenStream::new();
    }
    let Block { generics, this, .. } = &service.block;
    let (params, _, clause) = generics.split_for_impl();
    let starts = service.starts.iter().map(|one| start(service, one));
    quote! {
        impl #params #this #clause { #(#starts)* }
    }
}

fn start(service: &Service, start: &Start) -> TokenStream {
    let Service { krate, block, handle, .. } = service;
    let Start { attrs, vis, generics, arguments, started, output } = start;
    let (this, handle) = (prefix(&block.this), &handle.name);
    let mut peers = quote!(_);
    // Ours alone: an argument may be called so, too.
    let sharded = Ident::new("sharded", Span::mixed_site());
    let mut given = Vec::new();
    let passed: Vec<TokenStream> = arguments
        .iter()
        .map(|argument| match argument {
            StartArgument::Peers => {
                peers = quote!(#sharded);
                quote!(#handle(#sharded))
            }
            StartArgument::Given(argument) => {
                given.push(&**argument);
                argument.name.to_token_stream()
            }
        })
        .collect();
    let names: Vec<&Ident> = given.iter().map(|argument| &argument.name).collect();
    let parameters = given.iter().map(|Argument { name, ty }| quote!(#name: #ty));
    let copies = given.iter().map(|argument| call::carried(krate, "copied", argument));
    let turbofish = turbofish(generics);
    let (params, _, clause) = generics.split_for_impl();
    let doc = match given.is_empty() {
        true => " Starts an instance on every shard.",
        false => " Starts an instance on every shard, each with its copy of the arguments.",
    };
    let call = quote! {
        #krate::__private::start_service(
            |#peers, (#(#names,)*)| #this::start #turbofish (#(#passed),*),
            (#(#copies)*),
        ).await
    };
    let call = match started {
        Started::Service => quote!(#handle(#call)),
        Started::Result => quote!(#call.map(#handle)),
    };
    quote! {
        #[doc = #doc]
        #(#attrs)*
        #vis async fn start_sharded #params (#(#parameters),*) -> #output #clause {
            #call
        }
    }
}

fn handle(service: &Service) -> TokenStream {
    let Service { krate, block: Block { generics, this, .. }, handle, .. } = service;
    let Handle { name, vis, docs } = handle;
    let (params, arguments, clause) = generics.split_for_impl();
    let text = format!(" A handle of the service [`{}`], which any shard may have a copy of.", link(this));
    let paragraph = (!docs.is_empty()).then(|| quote!(#[doc = ""]));
    let declared = declared(generics);
    let traits = match generics.params.is_empty() {
        true => (Some(quote!(#[derive(Clone, Copy, Debug)])), None),
        // Derived ones would ask the parameters to be so, too.
        false => (
            None,
            Some(quote! {
                impl #params ::core::clone::Clone for #name #arguments #clause {
                    fn clone(&self) -> Self {
                        *self
                    }
                }
                impl #params ::core::marker::Copy for #name #arguments #clause {}
                impl #params ::core::fmt::Debug for #name #arguments #clause {
                    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                        ::core::fmt::Debug::fmt(&self.0, f)
                    }
                }
            }),
        ),
    };
    let (derived, written) = traits;
    // A handle that is more visible than its service is an error, and here is the service.
    let ours = Span::call_site().located_at(this.span());
    let sharded = placed(quote!(#krate::Sharded), this.span());
    let deref = quote_spanned! {ours=>
        impl #params ::core::ops::Deref for #name #arguments #clause {
            type Target = #sharded<#this>;
            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }
    };
    quote! {
        #[doc = #text]
        #paragraph
        #(#docs)*
        #derived
        #vis struct #name #declared (#krate::Sharded<#this>) #clause;
        #written
        #deref
    }
}

/// The parameters as a declaration has them, with their bounds and defaults.
fn declared(generics: &Generics) -> TokenStream {
    let params = &generics.params;
    if params.is_empty() { TokenStream::new() } else { quote!(<#params>) }
}

/// The type in front of `::`.
fn prefix(this: &Type) -> TokenStream {
    match this {
        Type::Path(path)
            if path.path.segments.iter().all(|one| matches!(one.arguments, PathArguments::None)) =>
        {
            quote!(#this)
        }
        _ => quote!(<#this>),
    }
}

/// The path of the type as documentation refers to it.
fn link(this: &Type) -> String {
    let Type::Path(path) = this else { return String::new() };
    let segments = path.path.segments.iter().map(|segment| segment.ident.to_string());
    segments.collect::<Vec<_>>().join("::")
}

/// The type parameters of a method, where it is named.
fn turbofish(generics: &Generics) -> Option<TokenStream> {
    let names = generics.params.iter().filter_map(|param| match param {
        GenericParam::Type(param) => Some(&param.ident),
        GenericParam::Const(param) => Some(&param.ident),
        GenericParam::Lifetime(_) => None,
    });
    let names: Vec<&Ident> = names.collect();
    (!names.is_empty()).then(|| quote!(::<#(#names),*>))
}
