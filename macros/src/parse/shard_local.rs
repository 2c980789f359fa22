//! `#[seastar::shard_local] static NAME: T = value;`

use proc_macro2::TokenStream;
use syn::{
    Expr, ExprCall, ExprClosure, ItemStatic, StaticMutability,
    visit::{self, Visit},
};

use super::entry::keyword;
use crate::{
    errors::Errors,
    krate,
    model::shard_local::{ShardLocal, Static},
    options,
};

/// Attributes that say where a static lies, which the expansion does.
const PLACES: [&str; 4] = ["link_section", "no_mangle", "export_name", "thread_local"];

pub fn parse(list: TokenStream, item: TokenStream, errors: &mut Errors) -> ShardLocal {
    let mut settings = options::parse(list, &[krate::KEY], errors);
    let Ok(item) = syn::parse2::<ItemStatic>(item.clone()) else {
        let first = keyword(&item);
        let message = match &*first.to_string() {
            "static" => {
                "`#[seastar::shard_local]` goes on a whole static, such as `static COUNT: Cell<u32> = Cell::new(0);`"
            }
            "const" => {
                "a `const` is made anew wherever it is used; write `static` for one that each shard keeps"
            }
            _ => "`#[seastar::shard_local]` goes on a `static`",
        };
        errors.at(first, message);
        return ShardLocal::Other(item);
    };
    let ItemStatic { mut attrs, vis, mutability, ident, ty, expr, .. } = item;
    if let StaticMutability::Mut(token) = mutability {
        let message = "the values of a shard are shared by its fibers; remove `mut`, and put what changes into a `Cell`";
        errors.at(token, message);
    }
    for attr in attrs.extract_if(.., |attr| is_place(attr)) {
        errors.at(attr, "where a shard-local static lies is what makes it one; remove this attribute");
    }
    Hashed { errors }.visit_expr(&expr);
    ShardLocal::Static(Box::new(Static {
        krate: krate::take(&mut settings),
        attrs,
        vis,
        name: ident,
        ty: *ty,
        initial: *expr,
    }))
}

fn is_place(attr: &syn::Attribute) -> bool {
    let named = |path: &syn::Path| PLACES.iter().any(|name| path.is_ident(name));
    // `#[unsafe(no_mangle)]`, too.
    let inner = || attr.parse_args::<syn::Meta>().is_ok_and(|meta| named(meta.path()));
    named(attr.path()) || attr.path().is_ident("unsafe") && inner()
}

/// Looks for collections of `std` whose hasher is only known when the program runs.
struct Hashed<'a> {
    errors: &'a mut Errors,
}

impl<'a> Visit<'a> for Hashed<'_> {
    fn visit_expr_call(&mut self, call: &'a ExprCall) {
        if let Expr::Path(function) = &*call.func
            && let Some(collection) = hashed(&function.path)
        {
            let message = format!(
                "each shard begins with a constant, which a `{collection}` is not; write a `BTree{}`, or \
                 `static NAME: std::cell::LazyCell<..> = LazyCell::new(Default::default)`, which each shard fills when it first needs it",
                &collection[4..],
            );
            self.errors.at(&function.path, message);
        }
        visit::visit_expr_call(self, call);
    }

    /// What it does is done later.
    fn visit_expr_closure(&mut self, _: &'a ExprClosure) {}
}

/// The name of a hashed collection, if this function makes one. Others' collections may have the same names, so a path has to be that of `std`.
fn hashed(function: &syn::Path) -> Option<String> {
    let names: Vec<String> = function.segments.iter().map(|segment| segment.ident.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let ([collection, function]
    | ["collections", collection, function]
    | ["std", "collections", collection, function]) = names[..]
    else {
        return None;
    };
    let is_hashed = matches!(collection, "HashMap" | "HashSet");
    (is_hashed && matches!(function, "new" | "default" | "with_capacity" | "from"))
        .then(|| collection.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    fn mistakes(list: TokenStream, item: TokenStream) -> Vec<String> {
        let mut errors = Errors::default();
        parse(list, item, &mut errors);
        errors.messages()
    }

    #[test]
    fn a_static_is_one() {
        assert_eq!(mistakes(quote!(), quote! { static A: u8 = 1; }), [""; 0]);
        assert_eq!(
            mistakes(quote!(crate = my::seastar), quote! { #[doc = "A"] pub static A: u8 = 1; }),
            [""; 0]
        );
    }

    #[test]
    fn nothing_else_is() {
        let mistake = |item| mistakes(quote!(), item).concat();
        assert_eq!(mistake(quote! { fn f() {} }), "`#[seastar::shard_local]` goes on a `static`");
        assert!(mistake(quote! { const A: u8 = 1; }).starts_with("a `const` is made anew"));
        assert!(mistake(quote! { static A: u8; }).contains("such as `static COUNT"));
    }

    #[test]
    fn hashed_collections_of_std_are_no_constants() {
        for initial in [
            quote!(HashMap::new()),
            quote!(RefCell::new(std::collections::HashSet::<u8>::default())),
            quote!(LazyCell::new(HashMap::new())),
        ] {
            let mistake = mistakes(quote!(), quote! { static A: B = #initial; });
            assert!(
                mistake.len() == 1 && mistake[0].contains("LazyCell::new(Default::default)"),
                "{mistake:?}"
            );
        }
        for initial in [
            quote!(LazyCell::new(HashMap::new)),
            quote!(LazyCell::new(|| RefCell::new(HashMap::new()))),
            quote!(HashMap::with_hasher(Hasher)),
            quote!(mine::HashMap::new()),
        ] {
            assert_eq!(mistakes(quote!(), quote! { static A: B = #initial; }), [""; 0]);
        }
    }

    #[test]
    fn all_mistakes_are_named() {
        let item = quote! {
            #[no_mangle]
            #[unsafe(link_section = "here")]
            #[thread_local]
            static mut A: u8 = 1;
        };
        assert_eq!(mistakes(quote!(crates = a), item).len(), 5);
    }
}
