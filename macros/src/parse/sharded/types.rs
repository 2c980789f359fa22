//! What types may go to another shard, as far as words can tell, and what `Self` stands for.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    GenericArgument, Lifetime, PathArguments, ReturnType, Type, TypeReference,
    visit::{self, Visit},
};

use crate::krate::placed;

/// What of the type is borrowed, and what to write in its place.
pub fn borrowed(ty: &Type) -> Option<(TokenStream, String)> {
    let mut find = Find(None);
    find.visit_type(ty);
    find.0
}

struct Find(Option<(TokenStream, String)>);

impl Visit<'_> for Find {
    fn visit_type(&mut self, ty: &Type) {
        // The lifetimes of a function's arguments are chosen by who calls it.
        if !matches!(ty, Type::FnPtr(_)) {
            visit::visit_type(self, ty);
        }
    }

    fn visit_return_type(&mut self, _: &ReturnType) {}

    fn visit_type_reference(&mut self, reference: &TypeReference) {
        if reference.lifetime.as_ref().is_none_or(is_short) {
            self.0.get_or_insert_with(|| (reference.to_token_stream(), owned(&reference.elem)));
        }
        visit::visit_type_reference(self, reference);
    }

    fn visit_lifetime(&mut self, lifetime: &Lifetime) {
        if is_short(lifetime) {
            self.0.get_or_insert_with(|| (lifetime.to_token_stream(), "a type that owns its data".into()));
        }
    }

    fn visit_path_arguments(&mut self, arguments: &PathArguments) {
        // `Fn(&str)`, as above.
        if !matches!(arguments, PathArguments::Parenthesized(_)) {
            visit::visit_path_arguments(self, arguments);
        }
    }
}

fn is_short(lifetime: &Lifetime) -> bool {
    lifetime.ident != "static"
}

/// The type that owns what a reference to this one borrows.
fn owned(ty: &Type) -> String {
    match ty {
        Type::Slice(slice) => format!("`Vec<{}>`", text(&slice.elem)),
        Type::Path(path) if path.path.is_ident("str") => "`String`".into(),
        Type::Path(path) if path.path.is_ident("Path") => "`PathBuf`".into(),
        Type::TraitObject(object) => format!("`Box<{} + Send>`", text(object)),
        Type::Paren(paren) => owned(&paren.elem),
        ty => format!("`{}` itself", text(ty)),
    }
}

/// The tokens as one would write them.
pub fn text(tokens: impl ToTokens) -> String {
    let text = tokens.to_token_stream().to_string();
    [
        (" <", "<"),
        ("< ", "<"),
        (" >", ">"),
        (" ,", ","),
        (" ::", "::"),
        (":: ", "::"),
        ("& ", "&"),
        (" (", "("),
    ]
    .iter()
    .fold(text, |text, (long, short)| text.replace(long, short))
}

/// The tokens with the service's type in the place of `Self`, for use outside of its block.
pub fn without_self(tokens: TokenStream, this: &Type) -> TokenStream {
    let mut trees = tokens.into_iter().peekable();
    let mut named = TokenStream::new();
    while let Some(tree) = trees.next() {
        match tree {
            TokenTree::Ident(word) if word == "Self" => {
                let is_prefix =
                    matches!(trees.peek(), Some(TokenTree::Punct(colon)) if colon.as_char() == ':');
                let this = placed(quote!(#this), word.span());
                named.extend(if is_prefix { placed(quote!(<#this>), word.span()) } else { this });
            }
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), without_self(group.stream(), this));
                inner.set_span(group.span());
                named.extend([TokenTree::Group(inner)]);
            }
            tree => named.extend([tree]),
        }
    }
    named
}

/// What `wrapper<first, ..>` has as its first argument, if `ty` looks like that and ends in `wrapper`.
pub fn first_argument<'a>(ty: &'a Type, wrapper: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(first)) if last.ident == wrapper => Some(first),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn advice(ty: Type) -> Option<String> {
        borrowed(&ty).map(|(_, advice)| advice)
    }

    #[test]
    fn what_is_borrowed_is_found_and_what_owns_it_named() {
        assert_eq!(advice(parse_quote!(&str)).as_deref(), Some("`String`"));
        assert_eq!(advice(parse_quote!(&mut [u8])).as_deref(), Some("`Vec<u8>`"));
        assert_eq!(advice(parse_quote!(Option<&'a Map<K, V>>)).as_deref(), Some("`Map<K, V>` itself"));
        assert_eq!(advice(parse_quote!(Ref<'_, u8>)).as_deref(), Some("a type that owns its data"));
        for ty in [parse_quote!(&'static str), parse_quote!(fn(&str) -> &str), parse_quote!(Vec<u8>)] {
            assert_eq!(advice(ty), None);
        }
    }

    #[test]
    fn self_is_the_service() {
        let this = parse_quote!(Cache<V>);
        let named = |tokens| without_self(tokens, &this).to_string().replace(' ', "");
        assert_eq!(named(quote!(Option<Self>)), "Option<Cache<V>>");
        assert_eq!(named(quote!([u8; Self::N])), "[u8;<Cache<V>>::N]");
    }

    #[test]
    fn a_result_is_known_by_its_name() {
        let service = |ty: Type| first_argument(&ty, "Result").map(text);
        assert_eq!(service(parse_quote!(io::Result<Self>)).as_deref(), Some("Self"));
        assert_eq!(service(parse_quote!(Result<Cache<u8>, Error>)).as_deref(), Some("Cache<u8>"));
        assert_eq!(service(parse_quote!(Option<Self>)), None);
    }
}
