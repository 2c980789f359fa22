//! An ordinary function that makes a future of its arguments, or a fiber in its pool.
//!
//! The arguments lie in a tuple until the first poll, and are then moved into locals of the body, one by
//! one and in their order, so that they are dropped as those of an `async fn` are. `self` cannot be the
//! name of a local: the body captures it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{GenericParam, Index, Signature, parse_quote, spanned::Spanned};

use crate::krate::placed;
use crate::model::task::{Budget, Checked, Function, Output, Parameter, Pattern, Pool, Task};

pub fn lower(task: Task) -> TokenStream {
    match task {
        Task::Other(item) => item,
        Task::Function(function) => match &function.pool {
            Pool::None => future(&function),
            Pool::Slots(slots) => pooled(&function, slots),
            Pool::Refused => refused(&function),
        },
    }
}

/// A function whose calls are futures.
fn future(function: &Function) -> TokenStream {
    let Function { attrs, vis, sig, budget, .. } = function;
    let body = match budget {
        Some(Budget { bytes, checked: Checked::Always }) => {
            let (inner, check, arguments) = (inner(function), check(function, bytes), arguments(function));
            quote!(#inner #check __body(#arguments))
        }
        _ => call(function, &arguments(function)),
    };
    let written = sig;
    let sig = signature(function, &output_future(function));
    quote! {
        // Documented as it was written.
        #[cfg(doc)]
        #(#attrs)*
        #vis #written { loop {} }
        #[cfg(not(doc))]
        #(#attrs)*
        #[allow(clippy::manual_async_fn)]
        #vis #sig { #body }
    }
}

/// A function whose calls start fibers.
fn pooled(function: &Function, slots: &syn::Expr) -> TokenStream {
    let Function { krate, attrs, vis, sig, budget, .. } = function;
    let (inner, arguments, name) =
        (inner(function), arguments(function), syn::ext::IdentExt::unraw(&sig.ident));
    let check = budget.as_ref().map(|budget| check(function, &budget.bytes));
    let name = name.to_string();
    // What can be wrong with the types here is what the function returns.
    let spawn = quote!(#krate::__private::spawn_in(&POOL, __body, #arguments));
    let spawn = placed(spawn, output_type(function).span());
    let sig = signature(function, &output_handle(function));
    quote! {
        #(#attrs)*
        #[track_caller]
        #vis #sig {
            #inner
            #check
            #[used]
            #[unsafe(link_section = "seastar_pools")]
            static POOL: #krate::__private::Pool = #krate::__private::Pool::new(
                ::core::concat!(::core::module_path!(), "::", #name),
                ::core::file!(),
                ::core::line!(),
                #slots,
                #krate::__private::slot_size(__body),
            );
            #spawn
        }
    }
}

/// What callers of a pool expect, and a body that is checked, where there can be no pool.
fn refused(function: &Function) -> TokenStream {
    let Function { krate, attrs, vis, output, .. } = function;
    let sig = match output {
        Output::Unnamed(_) => {
            signature(function, &quote!(::core::result::Result<#krate::JoinHandle<()>, #krate::Busy>))
        }
        _ => signature(function, &output_handle(function)),
    };
    let call = call(function, &arguments(function));
    quote! {
        #(#attrs)*
        #[allow(unused_variables, unreachable_code)]
        #vis #sig {
            let _ = #call;
            loop {}
        }
    }
}

/// The function as an item in itself, which constants can ask for the size of its future.
fn inner(function: &Function) -> TokenStream {
    let Function { parameters, sig, .. } = function;
    let (all, output) = (Ident::new("__all", Span::mixed_site()), output_future(function));
    let types = parameters.iter().map(|Parameter { ty, .. }| quote!(#ty,));
    let lifetimes = sig.generics.params.iter().filter(|param| matches!(param, GenericParam::Lifetime(_)));
    let clause = &sig.generics.where_clause;
    let call = call(function, &quote!(#all));
    let safety = &sig.safety;
    quote! {
        #[allow(clippy::manual_async_fn)]
        #safety fn __body<#(#lifetimes,)*>(#all: (#(#types)*)) -> #output #clause { #call }
    }
}

fn check(function: &Function, bytes: &syn::Expr) -> TokenStream {
    let krate = &function.krate;
    let check = quote! {
        const _: () = #krate::__private::check_size(#krate::__private::future_size(__body), #bytes);
    };
    placed(check, bytes.span())
}

/// The future of one call.
fn call(function: &Function, arguments: &TokenStream) -> TokenStream {
    let Function { krate, receiver, parameters, body, budget, .. } = function;
    let args = Ident::new("__args", Span::mixed_site());
    // A closure captures what it uses, and nothing of an argument that it does not.
    let receiver = receiver.as_ref().map(|receiver| {
        let this = &receiver.self_token;
        quote!(let _ = &#this;)
    });
    let parameters = parameters.iter().enumerate().map(|(index, Parameter { attrs, name, pattern, .. })| {
        let index = Index::from(index);
        // Each is moved out once, at the start of the first poll of the body, until whose end `call` keeps them there.
        let value = quote!(unsafe { ::core::ptr::read(&raw const (*#args.as_ptr()).#index) });
        match pattern {
            Pattern::Name(pat) => quote!(#(#attrs)* let #pat = #value;),
            Pattern::Parts(pat) => quote!(let #name = #value; #(#attrs)* let #pat = #name;),
        }
    });
    let edge = return_edge(function);
    let call = match budget {
        Some(Budget { bytes, checked: Checked::WhereCalled }) => {
            let max = Ident::new("call_within", bytes.span());
            quote!(#max::<#bytes, _, _, _>)
        }
        _ => quote!(call),
    };
    quote! {
        #krate::__private::#call(#arguments, move |#args| async move {
            #receiver
            #(#parameters)*
            #edge
            #body
        })
    }
}

/// Never taken, but it tells `rustc` the type of the body, so that mistakes are found where they are made.
fn return_edge(function: &Function) -> Option<TokenStream> {
    let output = match &function.output {
        Output::Named(ty) => quote!(#ty),
        Output::Never => {
            let krate = &function.krate;
            quote!(#krate::__private::Never)
        }
        Output::Unnamed(_) => return None,
    };
    // Where the type was written, which is what an error about another one shows.
    let site = Span::mixed_site().located_at(output.span());
    let never = Ident::new("__never", site);
    let edge = quote_spanned!(site=> return #never;);
    Some(quote! {
        #[allow(unreachable_code, clippy::all)]
        if false {
            let #never: #output = loop {};
            #edge
        }
    })
}

fn arguments(function: &Function) -> TokenStream {
    let names = function.parameters.iter().map(|Parameter { name, .. }| quote!(#name,));
    quote!((#(#names)*))
}

/// The user's function without `async`, and with names in the place of patterns.
fn signature(function: &Function, output: &TokenStream) -> Signature {
    let Function { receiver, parameters, sig, .. } = function;
    let mut inputs = syn::punctuated::Punctuated::new();
    inputs.extend(receiver.iter().map(|receiver| syn::FnArg::Receiver(receiver.clone())));
    inputs.extend(
        parameters
            .iter()
            .map(|Parameter { attrs, name, ty, .. }| -> syn::FnArg { parse_quote!(#(#attrs)* #name: #ty) }),
    );
    Signature { asyncness: None, inputs, output: parse_quote!(-> #output), ..sig.clone() }
}

fn output_type(function: &Function) -> TokenStream {
    match &function.output {
        Output::Named(ty) | Output::Unnamed(ty) => quote!(#ty),
        Output::Never => {
            let krate = &function.krate;
            quote!(#krate::__private::Never)
        }
    }
}

fn output_future(function: &Function) -> TokenStream {
    let output = output_type(function);
    quote!(impl ::core::future::Future<Output = #output>)
}

fn output_handle(function: &Function) -> TokenStream {
    let (krate, output) = (&function.krate, output_type(function));
    quote!(::core::result::Result<#krate::JoinHandle<#output>, #krate::Busy>)
}

#[cfg(test)]
mod tests;
