//! `with_semaphore!(semaphore, units, timeout = duration, abort = source => body)`

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, ExprLit, Lit, LitInt, Path, PathArguments};

use super::{
    limits,
    statement::{self, Call},
};
use crate::{
    errors::Errors,
    model::guarded::{Guarded, Limits, Take},
};

const FORM: &str = "with_semaphore!(semaphore, units => body)";

pub fn parse(input: TokenStream, errors: &mut Errors) -> Guarded {
    let Call { krate, head, body } = statement::parse(input, FORM, errors);
    let mut semaphore = None;
    let (mut units, mut limits) = (None, Limits::default());
    for (at, argument) in statement::arguments(head, errors).into_iter().enumerate() {
        match argument {
            Expr::Assign(option) => limits::set(&mut limits, option, errors),
            argument if at == 0 => semaphore = Some(argument),
            argument if at == 1 && semaphore.is_some() => units = Some(argument),
            argument => errors.at(
                argument,
                "a semaphore and a number of units are all; what follows is `timeout = duration` or `abort = source`",
            ),
        }
    }
    let literal = units.as_ref().and_then(integer);
    if let Some(zero) = literal.as_ref().filter(|units| units.base10_digits() == "0") {
        errors.at(zero, "zero units hold nobody back; ask for at least one, or leave the number out for one");
    }
    let semaphore = semaphore.unwrap_or_else(|| {
        errors.here(format!("nothing says which semaphore; write `{FORM}`"));
        Expr::Verbatim(quote!(#krate::sync::Semaphore::<1>::new()))
    });
    let known = static_path(&semaphore).zip(literal);
    Guarded { krate, take: Take::Units { semaphore, units, known }, limits, body }
}

fn integer(expr: &Expr) -> Option<LitInt> {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => Some(number.clone()),
        Expr::Group(group) => integer(&group.expr),
        _ => None,
    }
}

/// The path of a `static` or `const`, which are known by their capital letters.
fn static_path(expr: &Expr) -> Option<Path> {
    match expr {
        Expr::Group(group) => static_path(&group.expr),
        Expr::Path(path) if path.qself.is_none() => {
            let segments = &path.path.segments;
            // What belongs to a type may depend on parameters, which no constant can use.
            let plain = segments
                .iter()
                .all(|segment| matches!(segment.arguments, PathArguments::None) && segment.ident != "Self");
            let name = segments.last()?.ident.to_string();
            (plain && !name.contains(char::is_lowercase)).then(|| path.path.clone())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(input: TokenStream) -> (String, bool, Vec<String>) {
        let mut errors = Errors::default();
        let guarded = parse(quote!(::seastar; #input), &mut errors);
        let Limits { timeout, abort } = guarded.limits;
        let Take::Units { semaphore, units, known } = guarded.take else { panic!("no units") };
        let text = quote!(#semaphore | #units | #timeout | #abort).to_string();
        (text, known.is_some(), errors.messages())
    }

    #[test]
    fn reads_units_and_options_in_any_order() {
        assert_eq!(parsed(quote!(s => 1)), ("s | | |".into(), false, vec![]));
        assert_eq!(parsed(quote!(&self.s, n + 1, => 1)), ("& self . s | n + 1 | |".into(), false, vec![]));
        let options = quote!(s, 2, abort = source, timeout = limit()? => 1);
        assert_eq!(parsed(options), ("s | 2 | limit () ? | source".into(), false, vec![]));
        assert_eq!(parsed(quote!(s, timeout = d => 1)), ("s | | d |".into(), false, vec![]));
    }

    #[test]
    fn knows_a_number_and_a_static() {
        let known = |input| parsed(input).1;
        assert!(known(quote!(READS, 3 => 1)));
        assert!(known(quote!(limits::READS_2, 3usize => 1)));
        for unknown in
            [quote!(reads), quote!(self.READS), quote!(Self::READS), quote!(T::<u8>::READS), quote!(READS())]
        {
            assert!(!known(quote!(#unknown, 3 => 1)), "{unknown}");
        }
        assert!(!known(quote!(READS, UNITS => 1)), "it may be a parameter");
        assert!(!known(quote!(READS => 1)), "one is never too many");
    }

    #[test]
    fn every_mistake_is_named() {
        let mistakes = |input| parsed(input).2;
        let missing = "nothing says which semaphore; write `with_semaphore!(semaphore, units => body)`";
        assert_eq!(mistakes(quote!(=> 1)), [missing]);
        let zero = "zero units hold nobody back; ask for at least one, or leave the number out for one";
        assert_eq!(mistakes(quote!(s, 0x0 => 1)), [zero]);
        assert_eq!(
            mistakes(quote!(s, timout = d => 1)),
            ["there is no option `timout`; did you mean `timeout`?"]
        );
        let number = "a number does not say of what; write `Duration::from_millis(5)` or `from_secs(5)`";
        assert_eq!(mistakes(quote!(s, timeout = 5 => 1)), [number]);
        let arrow = "no `=>` says where the body begins; write `with_semaphore!(semaphore, units => body)`";
        assert_eq!(mistakes(quote!(s, 1, { 3 })), [arrow]);
        let twice = "`abort` is set twice; remove one of the two";
        let named = "the number of units stands behind the semaphore, without a name";
        assert_eq!(mistakes(quote!(s, abort = a, abort = b, units = 1 => 1)), [twice, named]);
        let third = "a semaphore and a number of units are all; what follows is `timeout = duration` or `abort = source`";
        assert_eq!(mistakes(quote!(s, 1, d => 1)), [third]);
        assert_eq!(mistakes(quote!(s, timeout = d, 1 => 1)), [third]);
        assert_eq!(mistakes(quote!(timeout = d => 1)), [missing]);
    }
}
