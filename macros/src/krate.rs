//! The path on which generated code finds the runtime: `::seastar`, unless `crate = path` says otherwise; and places for what is generated.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use syn::{Expr, Path, PathArguments, parse_quote};

use crate::options::{Key, Setting, Wrong};

pub const KEY: Key = Key::new("crate", "a path without quotes", "my::seastar", path);

fn path(value: &Expr) -> Result<Expr, Wrong> {
    match value {
        Expr::Path(path) if path.qself.is_none() && is_plain(&path.path) => Ok(value.clone()),
        _ => Err(Wrong::Type),
    }
}

fn is_plain(path: &Path) -> bool {
    path.segments.iter().all(|segment| matches!(segment.arguments, PathArguments::None))
}

/// Takes the `crate` option out of the list.
pub fn take(settings: &mut Vec<Setting>) -> Path {
    let given = settings.extract_if(.., |setting| setting.key == KEY.name).last();
    match given.map(|setting| setting.value) {
        Some(Expr::Path(path)) => path.path,
        _ => parse_quote!(::seastar),
    }
}

/// The path, for tokens that a mistake of the user is reported on: at the place of these, and still of the runtime.
pub fn located(krate: &Path, place: Span) -> Path {
    let mut krate = krate.clone();
    for segment in &mut krate.segments {
        segment.ident.set_span(segment.ident.span().located_at(place));
    }
    krate
}

/// The same tokens, which errors show in another place.
pub fn placed(tokens: TokenStream, place: Span) -> TokenStream {
    let place_one = |mut tree: TokenTree| {
        if let TokenTree::Group(group) = &tree {
            tree = Group::new(group.delimiter(), placed(group.stream(), place)).into();
        }
        tree.set_span(tree.span().located_at(place));
        tree
    };
    tokens.into_iter().map(place_one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{errors::Errors, options};
    use quote::{ToTokens, quote};

    fn krate(list: proc_macro2::TokenStream) -> String {
        let mut errors = Errors::default();
        let krate = take(&mut options::parse(list, &[KEY], &mut errors));
        errors.messages().concat() + &krate.to_token_stream().to_string()
    }

    #[test]
    fn is_a_path() {
        assert_eq!(krate(quote!()), ":: seastar");
        assert_eq!(krate(quote!(crate = crate::runtime)), "crate :: runtime");
        assert_eq!(krate(quote!(crate = ::sea)), ":: sea");
    }

    #[test]
    fn anything_else_is_a_mistake() {
        let message = "`crate` takes a path without quotes, such as `crate = my::seastar`:: seastar";
        assert_eq!(krate(quote!(crate = "sea")), message);
        assert_eq!(krate(quote!(crate = sea::<u8>)), message);
    }
}
