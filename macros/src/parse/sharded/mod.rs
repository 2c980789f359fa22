//! `#[seastar::sharded(handle = Name, ..)] impl Service { .. }`

mod block;
mod lifecycle;
mod place;
mod signature;
#[cfg(test)]
mod tests;
mod types;

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use syn::{Attribute, Expr, GenericParam, Ident, Path, Type, Visibility, parse_quote};

use self::block::Written;
use super::entry::keyword;
use crate::{
    errors::Errors,
    krate,
    model::sharded::{Block, Call, Handle, Member, Service, Sharded},
    options::{self, Key, Setting, Wrong, integer, typed},
};

const KEYS: &[Key] = &[
    Key::new("handle", "a name", "CacheClient", name).also_called(&["name", "client", "proxy"]),
    Key::new("group", "the name of a static", "LOOKUPS", path).also_called(&["limit", "max_concurrent"]),
    Key::new("max_message", "a number of bytes", "16384", bytes).also_called(&["max_size", "size", "slot"]),
    krate::KEY,
];

/// Larger messages cost more to move than a box of them to make.
const MESSAGE_SIZE_DEFAULT: usize = 4096;
/// No block of a shard is larger.
const MESSAGE_SIZE_MAX: u64 = 1 << 20;

fn name(value: &Expr) -> Result<Expr, Wrong> {
    match value {
        Expr::Path(path) if path.path.get_ident().is_some() => Ok(value.clone()),
        _ => Err(Wrong::Type),
    }
}

fn path(value: &Expr) -> Result<Expr, Wrong> {
    match value {
        Expr::Path(_) => Ok(value.clone()),
        _ => Err(Wrong::Type),
    }
}

fn bytes(value: &Expr) -> Result<Expr, Wrong> {
    match integer(value, MESSAGE_SIZE_MAX)? as usize {
        0 => Err(Wrong::Value("no argument fits into 0 bytes; write `max_message = 4096`, say".into())),
        bytes => Ok(typed(value, Literal::usize_unsuffixed(bytes))),
    }
}

fn take(settings: &mut Vec<Setting>, key: &str) -> Option<Expr> {
    settings.extract_if(.., |setting| setting.key == key).last().map(|setting| setting.value)
}

pub fn parse(list: TokenStream, item: TokenStream, errors: &mut Errors) -> Sharded {
    let mut settings = options::parse(list, KEYS, errors);
    let Written { block, of_trait } = match read(item, errors) {
        Ok(written) => written,
        Err(item) => return Sharded::Other(item),
    };
    let this = match service(&block, of_trait.as_ref(), errors) {
        Some(name) => name,
        None => return Sharded::Other(unmarked(block, of_trait)),
    };
    let handle = match take(&mut settings, "handle") {
        Some(Expr::Path(path)) => path.path.get_ident().cloned(),
        _ => None,
    };
    let handle = handle.unwrap_or_else(|| format_ident!("{this}Handle"));
    let service = Service {
        krate: krate::take(&mut settings),
        handle: Handle {
            name: handle,
            vis: Visibility::Inherited,
            docs: block.attrs.iter().filter(|attr| attr.path().is_ident("doc")).cloned().collect(),
        },
        starts: Vec::new(),
        stops: Vec::new(),
        calls: Vec::new(),
        group: take(&mut settings, "group"),
        message_max: take(&mut settings, "max_message").unwrap_or_else(|| {
            let bytes = Literal::usize_unsuffixed(MESSAGE_SIZE_DEFAULT);
            parse_quote!(#bytes)
        }),
        block,
    };
    Sharded::Service(Box::new(members(service, &this, errors)))
}

/// The block below the attribute, or whatever else is there.
fn read(item: TokenStream, errors: &mut Errors) -> Result<Written, TokenStream> {
    syn::parse2(item.clone()).map_err(|error| {
        let first = keyword(&item);
        match &*first.to_string() {
            "impl" => errors.add(error),
            "struct" | "enum" => {
                let message =
                    "`#[seastar::sharded]` is about calls; write it on the `impl` block of this type";
                errors.at(first, message);
            }
            _ => errors.at(first, "`#[seastar::sharded]` goes on the `impl` block of a service"),
        }
        item
    })
}

/// The name of the type, if it can be a service.
fn service(block: &Block, of_trait: Option<&Path>, errors: &mut Errors) -> Option<Ident> {
    if let Some(of_trait) = of_trait {
        let this = types::text(&block.this);
        let message = format!(
            "the calls of a service are its own methods, because a trait does not say where they run; \
             write `impl {this} {{ .. }}`, and implement the trait for the service or its handle beside it"
        );
        errors.at(of_trait, message);
        return None;
    }
    let name = match &block.this {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last().map(|last| last.ident.clone()),
        _ => None,
    };
    if name.is_none() {
        errors.at(&block.this, "a service is a type of its own; make it a struct with this in it");
    }
    let lifetimes = block.generics.params.iter().filter(|param| matches!(param, GenericParam::Lifetime(_)));
    let mut borrows = false;
    for lifetime in lifetimes {
        borrows = true;
        let message = "a service lives until it is stopped, so it borrows from nobody; remove the lifetime, and own the data or share it by `Rc`";
        errors.at(lifetime, message);
    }
    name.filter(|_| !borrows)
}

/// The block without our attributes, which nobody else knows.
fn unmarked(block: Block, of_trait: Option<Path>) -> TokenStream {
    let Block { attrs, generics, this, members } = block;
    let members = members.into_iter().map(|mut member| {
        if let Member::Function(function) = &mut member {
            place::take(&mut function.attrs, &mut Errors::default());
        }
        member
    });
    let of_trait = of_trait.map(|of_trait| quote!(#of_trait for));
    let (params, _, clause) = generics.split_for_impl();
    quote!(#(#attrs)* impl #params #of_trait #this #clause { #(#members)* })
}

fn members(mut service: Service, name: &Ident, errors: &mut Errors) -> Service {
    let (_, arguments, _) = service.block.generics.split_for_impl();
    let handle = service.handle.name.clone();
    let handle: Type = parse_quote!(#handle #arguments);
    let this = service.block.this.clone();
    let generic = is_generic(&service.block.generics);
    let mut block = std::mem::take(&mut service.block.members);
    for member in &mut block {
        let Member::Function(function) = member else { continue };
        let marked = place::take(&mut function.attrs, errors);
        match (&*function.sig.ident.to_string(), marked) {
            ("start", marked) => {
                lifecycle::refuse_place(marked, "start", errors);
                let vis = function.vis.clone();
                if service.starts.is_empty() {
                    service.handle.vis = vis;
                }
                let start = lifecycle::start(function, &this, &handle, &service.handle.name, errors);
                service.starts.extend(start);
            }
            ("stop", marked) => {
                lifecycle::refuse_place(marked, "stop", errors);
                service.stops.extend(lifecycle::stop(function, errors));
            }
            ("start_sharded", _) => {
                let message =
                    format!("this is the name of what starts `{name}` on every shard; choose another");
                errors.at(&function.sig.ident, message);
            }
            (_, Some(marked)) => {
                let call = signature::call(function, &marked, &this, generic, errors);
                place::use_arguments(&marked, function);
                service.calls.extend(call.filter(|call| !is_twice(call, &service.calls)));
            }
            (_, None) => {}
        }
    }
    let started = block.iter().any(|member| matches!(member, Member::Function(f) if f.sig.ident == "start"));
    if !started {
        let message = format!(
            "`{name}` has no `start`, which makes its instance on each shard; write `async fn start() -> Self {{ .. }}`, \
             or `-> Result<Self, E>` if that may fail"
        );
        errors.at(&this, message);
    }
    service.block.members = block;
    service
}

fn is_generic(generics: &syn::Generics) -> bool {
    generics.params.iter().any(|param| !matches!(param, GenericParam::Lifetime(_)))
}

/// Whether the name is taken, about which `rustc` says enough for the user's own block.
fn is_twice(call: &Call, calls: &[Call]) -> bool {
    let is_conditional = |call: &Call| call.attrs.iter().any(is_cfg);
    calls.iter().any(|other| other.name == call.name && !(is_conditional(other) && is_conditional(call)))
}

fn is_cfg(attr: &Attribute) -> bool {
    attr.path().is_ident("cfg")
}

/// The attributes that mean on a generated function what they mean on the user's.
fn shared(attrs: &[Attribute]) -> Vec<Attribute> {
    const SHARED: [&str; 8] = ["allow", "cfg", "cfg_attr", "deny", "deprecated", "doc", "must_use", "warn"];
    let is_shared = |attr: &&Attribute| SHARED.iter().any(|name| attr.path().is_ident(name));
    let deprecated = attrs.iter().any(|attr| attr.path().is_ident("deprecated"));
    // The handle calls what nobody else should.
    let allow = deprecated.then(|| parse_quote!(#[allow(deprecated)]));
    attrs.iter().filter(is_shared).cloned().chain(allow).collect()
}
