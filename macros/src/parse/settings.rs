//! The options of `#[seastar::main]` and `#[seastar::test]`, and what may stand in them.

use proc_macro2::Literal;
use syn::{Expr, Lit, LitStr};

use crate::{
    krate,
    nearest::{nearest, there_are},
    options::{Key, Wrong, flag, integer, literal, typed},
};

pub const KEYS: &[Key] = &[
    Key::new("shards", "a positive integer", "2", shards).also_called(&[
        "worker_threads",
        "flavor",
        "threads",
        "workers",
        "cores",
        "cpus",
        "smp",
    ]),
    Key::new("memory", "a string with a unit", "\"1G\"", memory),
    Key::new("reserve_memory", "a string with a unit", "\"512M\"", memory),
    Key::new("cpuset", "a string of cores and ranges", "\"0,1-3\"", cpuset),
    Key::new("thread_affinity", "`true` or `false`", "false", flag),
    Key::new("overprovisioned", "`true` or `false`", "true", flag),
    Key::new("poll_mode", "`true` or `false`", "true", flag),
    Key::new("idle_poll_time_us", "an integer", "50", idle_poll_time),
    Key::new("task_quota_ms", "a number above 0 and up to 1000", "0.5", task_quota),
    Key::new("reactor_backend", "a string", "\"epoll\"", backend),
    Key::new("blocking_threads", "an integer from 1 to 1024", "4", blocking_threads),
    Key::new("default_log_level", "a string", "\"debug\"", log_level),
    Key::new("own_log", "`true` or `false`", "true", flag),
    Key::new("handle_interrupt", "`true` or `false`", "false", flag),
    Key::new("grace_period_ms", "an integer", "2000", grace_period),
    krate::KEY,
];

// The runtime has the same limits for the command line.
const SHARDS_MAX: u64 = 1024;
const IDLE_POLL_TIME_US_MAX: u64 = 1_000_000;
const TASK_QUOTA_MS_MAX: f64 = 1000.0;
const GRACE_PERIOD_MS_MAX: u64 = 24 * 60 * 60 * 1000;
const BACKENDS: [&str; 3] = ["auto", "io_uring", "epoll"];
const BLOCKING_THREADS_MAX: u64 = 1024;
const LOG_LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

fn shards(value: &Expr) -> Result<Expr, Wrong> {
    match integer(value, SHARDS_MAX)? as u32 {
        0 => Err(Wrong::Value("number of shards must be positive; write `shards = 1` or more".into())),
        shards => Ok(typed(value, Literal::u32_suffixed(shards))),
    }
}

fn blocking_threads(value: &Expr) -> Result<Expr, Wrong> {
    match integer(value, BLOCKING_THREADS_MAX)? as u32 {
        0 => Err(Wrong::Value(
            "without a thread nothing that blocks would ever run; write `blocking_threads = 1` or more"
                .into(),
        )),
        threads => Ok(typed(value, Literal::u32_suffixed(threads))),
    }
}

fn idle_poll_time(value: &Expr) -> Result<Expr, Wrong> {
    Ok(typed(value, Literal::u64_suffixed(integer(value, IDLE_POLL_TIME_US_MAX)?)))
}

fn grace_period(value: &Expr) -> Result<Expr, Wrong> {
    Ok(typed(value, Literal::u64_suffixed(integer(value, GRACE_PERIOD_MS_MAX)?)))
}

fn memory(value: &Expr) -> Result<Expr, Wrong> {
    let amount = text(value)?.value();
    let digits = amount.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(amount.len());
    let (number, unit) = amount.split_at(digits);
    let no_amount = || {
        Wrong::Value(format!(
            "`{amount}` is no amount of memory; write an integer and K, M, G or T, such as `1G`"
        ))
    };
    let shift = shift(unit).filter(|_| !number.is_empty()).ok_or_else(no_amount)?;
    let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(1 << shift));
    let bytes =
        bytes.ok_or_else(|| Wrong::Value(format!("`{amount}` is more memory than 64 bits can count")))?;
    Ok(typed(value, Literal::u64_suffixed(bytes)))
}

/// The power of 2 that a unit stands for.
fn shift(unit: &str) -> Option<u32> {
    let mut letters = unit.chars();
    let shift = match letters.next() {
        None => return Some(0),
        Some('k' | 'K') => 10,
        Some('M') => 20,
        Some('G') => 30,
        Some('T') => 40,
        Some('B') if letters.as_str().is_empty() => 0,
        Some(_) => return None,
    };
    matches!(letters.as_str(), "" | "i" | "iB" | "B").then_some(shift)
}

fn cpuset(value: &Expr) -> Result<Expr, Wrong> {
    for range in text(value)?.value().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        match (core(first), core(last)) {
            (Some(first), Some(last)) if first <= last => {}
            (Some(first), Some(last)) => {
                return Err(Wrong::Value(format!("`{range}` runs backwards; write `{last}-{first}`")));
            }
            _ => {
                let why = format!("`{range}` is no core and no range of cores; write a list such as `0,1-3`");
                return Err(Wrong::Value(why));
            }
        }
    }
    Ok(value.clone())
}

/// The number of a core; unlike `parse`, without a sign.
fn core(digits: &str) -> Option<u32> {
    digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

fn task_quota(value: &Expr) -> Result<Expr, Wrong> {
    let number: f64 = match literal(value)? {
        Lit::Int(written) if written.suffix().is_empty() => written.base10_parse(),
        Lit::Float(written) if written.suffix().is_empty() => written.base10_parse(),
        _ => return Err(Wrong::Type),
    }
    .map_err(|_| Wrong::Type)?;
    if number == 0.0 || number > TASK_QUOTA_MS_MAX {
        return Err(Wrong::Type);
    }
    Ok(typed(value, Literal::f64_suffixed(number)))
}

fn log_level(value: &Expr) -> Result<Expr, Wrong> {
    one_of(&LOG_LEVELS, "log level", value)
}

fn backend(value: &Expr) -> Result<Expr, Wrong> {
    one_of(&BACKENDS, "reactor backend", value)
}

fn one_of(names: &[&'static str], what: &str, value: &Expr) -> Result<Expr, Wrong> {
    let name = text(value)?.value();
    if names.contains(&name.as_str()) {
        return Ok(value.clone());
    }
    let advice = match nearest(&name, names.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => there_are(names.iter().copied()),
    };
    Err(Wrong::Value(format!("there is no {what} `{name}`; {advice}")))
}

fn text(value: &Expr) -> Result<&LitStr, Wrong> {
    match literal(value)? {
        Lit::Str(text) => Ok(text),
        _ => Err(Wrong::Type),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{errors::Errors, options};
    use proc_macro2::TokenStream;
    use quote::{ToTokens, quote};

    /// The value that an option ends up with, or what is wrong with it.
    fn read(list: TokenStream) -> String {
        let mut errors = Errors::default();
        let settings = options::parse(list, KEYS, &mut errors);
        let values = settings.into_iter().map(|setting| setting.value.to_token_stream().to_string());
        errors.messages().into_iter().chain(values).collect()
    }

    #[test]
    fn every_example_is_right() {
        for key in KEYS {
            let list: TokenStream = key.advice().trim_matches('`').parse().unwrap();
            let mut errors = Errors::default();
            assert_eq!(options::parse(list, KEYS, &mut errors).len(), 1, "{}", key.name);
        }
    }

    #[test]
    fn shards_are_counted_from_one() {
        assert_eq!(read(quote!(shards = 1)), "1u32");
        assert_eq!(read(quote!(shards = 0x10)), "16u32");
        assert_eq!(read(quote!(shards = 0)), "number of shards must be positive; write `shards = 1` or more");
        assert_eq!(read(quote!(shards = -1)), "`shards` takes a positive integer, such as `shards = 2`");
        assert_eq!(read(quote!(shards = 4294967296)), "`4294967296` is too large; the largest is 1024");
    }

    #[test]
    fn memory_has_units_of_powers_of_two() {
        let units = [
            ("512", 512u64),
            ("7B", 7),
            ("3k", 3 << 10),
            ("1K", 1 << 10),
            ("1Mi", 1 << 20),
            ("2GiB", 2 << 30),
            ("1TB", 1 << 40),
        ];
        for (amount, bytes) in units {
            assert_eq!(read(quote!(memory = #amount)), format!("{bytes}u64"), "{amount}");
        }
    }

    #[test]
    fn memory_takes_nothing_else() {
        for amount in ["10Q", "1.5G", "", "G", "-1G", "1 G", "1g", "1GB/s", "1iB", "1BB", "0x10"] {
            let message =
                format!("`{amount}` is no amount of memory; write an integer and K, M, G or T, such as `1G`");
            assert_eq!(read(quote!(memory = #amount)), message);
        }
        let message = "`16777216T` is more memory than 64 bits can count";
        assert_eq!(read(quote!(memory = "16777216T")), message);
        assert_eq!(
            read(quote!(reserve_memory = 1)),
            "`reserve_memory` takes a string with a unit, such as `reserve_memory = \"512M\"`"
        );
    }

    #[test]
    fn a_cpuset_is_numbers_and_ranges() {
        assert_eq!(read(quote!(cpuset = "0")), "\"0\"");
        assert_eq!(read(quote!(cpuset = "0,1-3,5-5")), "\"0,1-3,5-5\"");
        assert_eq!(read(quote!(cpuset = "3-1")), "`3-1` runs backwards; write `1-3`");
        for (list, range) in
            [("", ""), ("0,", ""), ("0,a", "a"), ("1-", "1-"), ("-1", "-1"), ("1-2-3", "1-2-3"), ("+1", "+1")]
        {
            let message = format!("`{range}` is no core and no range of cores; write a list such as `0,1-3`");
            assert_eq!(read(quote!(cpuset = #list)), message);
        }
    }

    #[test]
    fn times_have_a_limit() {
        assert_eq!(read(quote!(idle_poll_time_us = 0)), "0u64");
        assert_eq!(
            read(quote!(idle_poll_time_us = 1000001)),
            "`1000001` is too large; the largest is 1000000"
        );
        assert_eq!(
            read(quote!(grace_period_ms = 86400001)),
            "`86400001` is too large; the largest is 86400000"
        );
    }

    #[test]
    fn the_task_quota_is_above_zero() {
        assert_eq!(read(quote!(task_quota_ms = 0.5)), "0.5f64");
        assert_eq!(read(quote!(task_quota_ms = 2)), "2f64");
        let message = "`task_quota_ms` takes a number above 0 and up to 1000, such as `task_quota_ms = 0.5`";
        for wrong in
            [quote!(0), quote!(0.0), quote!(-1), quote!("1"), quote!(1001), quote!(1ms), quote!(1e999)]
        {
            assert_eq!(read(quote!(task_quota_ms = #wrong)), message);
        }
    }

    #[test]
    fn a_log_level_has_a_name() {
        assert_eq!(read(quote!(default_log_level = "trace")), "\"trace\"");
        assert_eq!(
            read(quote!(default_log_level = "debgu")),
            "there is no log level `debgu`; did you mean `debug`?"
        );
        assert_eq!(
            read(quote!(default_log_level = "WARN")),
            "there is no log level `WARN`; did you mean `warn`?"
        );
        assert_eq!(
            read(quote!(default_log_level = "loud")),
            "there is no log level `loud`; there are `off`, `error`, `warn`, `info`, `debug`, `trace`"
        );
    }

    #[test]
    fn a_reactor_backend_has_a_name() {
        assert_eq!(read(quote!(reactor_backend = "epoll")), "\"epoll\"");
        assert_eq!(
            read(quote!(reactor_backend = "linux-aio")),
            "there is no reactor backend `linux-aio`; there are `auto`, `io_uring`, `epoll`"
        );
        assert_eq!(
            read(quote!(reactor_backend = "uring")),
            "there is no reactor backend `uring`; did you mean `io_uring`?"
        );
    }

    #[test]
    fn names_of_other_runtimes_lead_to_ours() {
        for other in ["worker_threads", "flavor", "smp"] {
            let name = quote::format_ident!("{other}");
            let message = format!("there is no option `{other}`; did you mean `shards = 2`?");
            assert_eq!(read(quote!(#name = 4)), message);
        }
    }
}
