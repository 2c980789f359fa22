//! `key = value` lists, the one language of all attributes.
//!
//! A list is cut at its commas before anything in it is parsed, so a mistake in one option hides none
//! in the others.

use proc_macro2::{Ident, Literal, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Expr, ExprLit, Lit, ext::IdentExt, parse_quote_spanned, spanned::Spanned};

use crate::{
    errors::Errors,
    nearest::{nearest, there_are},
};

/// An option that an attribute knows.
pub struct Key {
    pub name: &'static str,
    /// What the same thing is called elsewhere.
    others: &'static [&'static str],
    /// What must stand behind the `=`, in words and as an example.
    takes: &'static str,
    example: &'static str,
    read: Read,
}

/// Checks a value and says it in the form that the expansion needs.
pub type Read = fn(&Expr) -> Result<Expr, Wrong>;

/// Why a value was not accepted.
pub enum Wrong {
    /// It is not at all what the key takes.
    Type,
    /// It is the right thing with a wrong content.
    Value(String),
}

/// An option that the user wrote, and that is right.
pub struct Setting {
    pub key: Ident,
    pub value: Expr,
}

impl Key {
    pub const fn new(name: &'static str, takes: &'static str, example: &'static str, read: Read) -> Self {
        Key { name, others: &[], takes, example, read }
    }

    pub const fn also_called(self, others: &'static [&'static str]) -> Self {
        Key { others, ..self }
    }

    /// What to write instead.
    pub fn advice(&self) -> String {
        format!("`{} = {}`", self.name, self.example)
    }
}

/// The options of an attribute, in the order in which they are written.
pub fn parse(list: TokenStream, keys: &[Key], errors: &mut Errors) -> Vec<Setting> {
    let mut names: Vec<Ident> = Vec::new();
    let mut settings = Vec::new();
    for piece in pieces(list, errors) {
        let Some((name, value)) = split(&piece, keys, errors) else { continue };
        let Some(key) = find(&name, keys, errors) else { continue };
        if names.contains(&name) {
            errors.at(&name, format!("`{name}` is set twice; remove one of the two"));
            continue;
        }
        settings.extend(read(key, &name, value, errors));
        names.push(name);
    }
    settings
}

/// What stands between the commas.
fn pieces(list: TokenStream, errors: &mut Errors) -> Vec<Vec<TokenTree>> {
    let mut pieces = vec![Vec::new()];
    for tree in list {
        let Some(piece) = pieces.last_mut() else { break };
        match &tree {
            TokenTree::Punct(comma) if comma.as_char() == ',' => {
                if piece.is_empty() {
                    errors.at(comma, "no option stands before this comma; remove it");
                }
                pieces.push(Vec::new());
            }
            _ => piece.push(tree),
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// Name and value; the value may be missing.
fn split<'a>(
    piece: &'a [TokenTree],
    keys: &[Key],
    errors: &mut Errors,
) -> Option<(Ident, Option<&'a [TokenTree]>)> {
    let equals =
        piece.iter().position(|tree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == '='));
    let (name, value) = match equals {
        Some(at) => (&piece[..at], Some(&piece[at + 1..])),
        None => (piece, None),
    };
    if let [TokenTree::Ident(name)] = name {
        return Some((name.unraw(), value));
    }
    // The command line writes `--poll-mode`, other attributes `poll_mode(true)`.
    let spelt: String = name.iter().map(|tree| tree.to_string().replace('-', "_")).collect();
    let mut words =
        spelt.trim_start_matches('_').split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    let word = words.next().unwrap_or_default();
    let meant = keys.iter().find(|key| key.name == word);
    let example = meant.or(keys.first()).map(Key::advice).unwrap_or_default();
    let wrong: TokenStream = if name.is_empty() { piece } else { name }.iter().cloned().collect();
    errors.at(wrong, format!("an option is a name, `=` and a value; write {example}"));
    None
}

fn find<'a>(name: &Ident, keys: &'a [Key], errors: &mut Errors) -> Option<&'a Key> {
    let word = name.to_string();
    let by_name = |name: &str| keys.iter().find(|key| key.name == name);
    if let Some(key) = by_name(&word) {
        return Some(key);
    }
    let renamed = keys.iter().find(|key| key.others.contains(&word.as_str()));
    let meant = renamed.or_else(|| by_name(nearest(&word, keys.iter().map(|key| key.name))?));
    let advice = match meant {
        Some(key) => format!("did you mean {}?", key.advice()),
        None => there_are(keys.iter().map(|key| key.name)),
    };
    errors.at(name, format!("there is no option `{name}`; {advice}"));
    None
}

fn read(key: &Key, name: &Ident, value: Option<&[TokenTree]>, errors: &mut Errors) -> Option<Setting> {
    let tokens: TokenStream = value.unwrap_or_default().iter().cloned().collect();
    let missing = tokens.is_empty();
    let value = match value {
        // Only a flag accepts `true`, and a flag may stand alone.
        None => Ok(parse_quote_spanned!(name.span()=> true)),
        Some(_) => syn::parse2(tokens.clone()).map_err(|_| Wrong::Type),
    };
    let result = value.and_then(|value| (key.read)(ungroup(&value)));
    let (at, message) = match result {
        Ok(value) => return Some(Setting { key: name.clone(), value }),
        Err(Wrong::Type) if missing => {
            (name.to_token_stream(), format!("`{name}` needs a value, such as {}", key.advice()))
        }
        Err(Wrong::Type) => (tokens, format!("`{name}` takes {}, such as {}", key.takes, key.advice())),
        Err(Wrong::Value(why)) => (tokens, why),
    };
    errors.at(at, message);
    None
}

/// A value that comes out of a `macro_rules!` variable is wrapped in an invisible group.
fn ungroup(mut value: &Expr) -> &Expr {
    while let Expr::Group(group) = value {
        value = &group.expr;
    }
    value
}

/// `true` or `false`.
pub fn flag(value: &Expr) -> Result<Expr, Wrong> {
    match literal(value)? {
        Lit::Bool(_) => Ok(value.clone()),
        _ => Err(Wrong::Type),
    }
}

/// A whole number up to `max`.
pub fn integer(value: &Expr, max: u64) -> Result<u64, Wrong> {
    let Lit::Int(written) = literal(value)? else { return Err(Wrong::Type) };
    // Any letters may follow a number in an attribute: `2k` would be 2.
    if !written.suffix().is_empty() {
        return Err(Wrong::Type);
    }
    let number = written.base10_parse().ok().filter(|number| *number <= max);
    number.ok_or_else(|| Wrong::Value(format!("`{written}` is too large; the largest is {max}")))
}

/// The literal of an expression that is one.
pub fn literal(value: &Expr) -> Result<&Lit, Wrong> {
    match value {
        Expr::Lit(ExprLit { lit, .. }) => Ok(lit),
        _ => Err(Wrong::Type),
    }
}

/// `meant` in the place of `value`.
pub fn typed(value: &Expr, mut meant: Literal) -> Expr {
    meant.set_span(value.span());
    Expr::Lit(ExprLit { attrs: Vec::new(), lit: Lit::new(meant) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    const KEYS: &[Key] = &[
        Key::new("shards", "an integer", "2", count).also_called(&["worker_threads"]),
        Key::new("poll_mode", "`true` or `false`", "true", flag),
    ];

    fn count(value: &Expr) -> Result<Expr, Wrong> {
        Ok(typed(value, Literal::u64_suffixed(integer(value, 4096)?)))
    }

    fn settings(list: TokenStream) -> Vec<String> {
        let mut errors = Errors::default();
        let settings = parse(list, KEYS, &mut errors);
        assert_eq!(errors.messages(), [""; 0]);
        settings.iter().map(|Setting { key, value }| quote!(#key = #value).to_string()).collect()
    }

    fn mistakes(list: TokenStream) -> Vec<String> {
        let mut errors = Errors::default();
        parse(list, KEYS, &mut errors);
        errors.messages()
    }

    #[test]
    fn keeps_the_order_and_types_the_values() {
        assert_eq!(
            settings(quote!(poll_mode = false, shards = 1_000,)),
            ["poll_mode = false", "shards = 1000u64"]
        );
        assert_eq!(settings(quote!()), [""; 0]);
    }

    #[test]
    fn a_flag_may_stand_alone() {
        assert_eq!(settings(quote!(poll_mode)), ["poll_mode = true"]);
        assert_eq!(mistakes(quote!(shards)), ["`shards` needs a value, such as `shards = 2`"]);
    }

    #[test]
    fn sees_through_macro_variables() {
        let two = proc_macro2::Group::new(proc_macro2::Delimiter::None, quote!(2));
        assert_eq!(settings(quote!(shards = #two)), ["shards = 2u64"]);
    }

    #[test]
    fn says_what_was_meant() {
        let meant = |list| mistakes(list).concat();
        assert_eq!(meant(quote!(shard = 2)), "there is no option `shard`; did you mean `shards = 2`?");
        assert_eq!(
            meant(quote!(worker_threads = 2)),
            "there is no option `worker_threads`; did you mean `shards = 2`?"
        );
        assert_eq!(meant(quote!(colour = 2)), "there is no option `colour`; there are `shards`, `poll_mode`");
        assert_eq!(meant(quote!(shards = )), "`shards` needs a value, such as `shards = 2`");
        assert_eq!(meant(quote!(shards = two)), "`shards` takes an integer, such as `shards = 2`");
        assert_eq!(meant(quote!(shards = 2k)), "`shards` takes an integer, such as `shards = 2`");
        assert_eq!(meant(quote!(shards = 5000)), "`5000` is too large; the largest is 4096");
        assert_eq!(
            meant(quote!(poll_mode = "on")),
            "`poll_mode` takes `true` or `false`, such as `poll_mode = true`"
        );
        assert_eq!(meant(quote!(poll_mode,, shards = 1)), "no option stands before this comma; remove it");
    }

    #[test]
    fn shows_how_an_option_is_written() {
        let like = |example| format!("an option is a name, `=` and a value; write `{example}`");
        for list in
            [quote!(poll - mode), quote!(--poll - mode = true), quote!(poll_mode(1)), quote!(poll_mode: 1)]
        {
            assert_eq!(mistakes(list), [like("poll_mode = true")]);
        }
        for list in [quote!(= 2), quote!("shards"), quote!(2)] {
            assert_eq!(mistakes(list), [like("shards = 2")]);
        }
    }

    #[test]
    fn one_mistake_hides_no_other() {
        assert_eq!(mistakes(quote!(shard = 2, shards = "2", shards = 3, = 4, poll_mode = 1)).len(), 5);
    }
}
