//! `timeout = duration, abort = source`, behind what is waited for.

use quote::quote;
use syn::{Expr, ExprAssign};

use crate::{errors::Errors, model::guarded::Limits, nearest::nearest};

/// Reads one option.
pub fn set(limits: &mut Limits, option: ExprAssign, errors: &mut Errors) {
    let (name, value) = (option.left, option.right);
    let word = quote!(#name).to_string();
    let place = match word.as_str() {
        "timeout" => &mut limits.timeout,
        "abort" => &mut limits.abort,
        "units" => return errors.at(name, "the number of units stands behind the semaphore, without a name"),
        _ => {
            let meant = match nearest(&word, ["timeout", "abort"]) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "there are `timeout = duration` and `abort = source`".into(),
            };
            return errors.at(name, format!("there is no option `{word}`; {meant}"));
        }
    };
    if place.is_some() {
        errors.at(name, format!("`{word}` is set twice; remove one of the two"));
    }
    let number = word == "timeout" && is_number(&value, errors);
    *place = Some(if number { Expr::Verbatim(quote!(::core::time::Duration::MAX)) } else { *value });
}

/// Reports a time limit that is a bare number.
pub fn is_number(limit: &Expr, errors: &mut Errors) -> bool {
    let Expr::Lit(number) = limit else { return false };
    let text = quote!(#number);
    let message = format!(
        "a number does not say of what; write `Duration::from_millis({text})` or `from_secs({text})`"
    );
    errors.at(number, message);
    true
}
