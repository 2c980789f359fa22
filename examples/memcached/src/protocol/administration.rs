//! Commands for those who look after the server, and `stats`.

use super::line::{Classes, Control, Dump, Line, is_quiet, refused};
use super::meta::BAD_FORMAT;
use super::number::{parse_i32, parse_u32};
use super::tokens::Tokens;

/// Numbers of classes are below.
const CLASS_LIMIT: u32 = 64;
/// Microseconds between two items that the crawler of memcached looks at.
const CRAWLER_SLEEP_MAX: u32 = 1_000_000;
const BAD_CLASS: &str = "BADCLASS invalid class id";

/// `stats [what]`
pub(super) fn stats(words: Tokens<'_>) -> Line<'_> {
    let mut arguments = words;
    let mut next = || arguments.next();
    match next() {
        Some(b"cachedump") => match (next(), next()) {
            (Some(class), Some(limit)) => match (parse_u32(class), parse_u32(limit)) {
                (Some(256..), Some(_)) => refused("CLIENT_ERROR Illegal slab id"),
                (Some(class), Some(limit)) => Line::Control(Control::Dump(Dump::Class(class, limit))),
                _ => refused(BAD_FORMAT),
            },
            _ => refused("CLIENT_ERROR bad command line"),
        },
        _ => Line::Control(Control::Stats(words.rest())),
    }
}

/// What is asked rarely. Blanks before these commands do not matter.
#[cold]
pub(super) fn administration(text: &[u8]) -> Line<'_> {
    let mut words = Tokens::new(text);
    let quiet = is_quiet(words);
    let Some(command) = words.next() else { return refused("ERROR") };
    let count = words.count();
    let mut word = || words.next().unwrap_or(b"");
    let (first, second) = (word(), word());
    let control = match command {
        b"flush_all" => flush_all(if count == usize::from(quiet) { b"0" } else { first }, quiet),
        b"shutdown" if matches!((count, first), (0, _) | (1, b"graceful")) => Ok(Control::Shutdown),
        b"shutdown" => Err("CLIENT_ERROR invalid shutdown mode"),
        b"verbosity" => Err(if parse_u32(first).is_some() { "OK" } else { BAD_FORMAT }),
        b"cache_memlimit" => Err(memory_limit(first)),
        b"slabs" => Err(slabs(count, first, second, word())),
        b"lru" => Err(lru(count, first, second)),
        b"lru_crawler" => lru_crawler(count, first, second),
        _ if count > 0 && Tokens::new(text).last().is_some_and(|word| word.starts_with(b"HTTP/")) => {
            return Line::Close;
        }
        _ => Err("ERROR"),
    };
    match control {
        Ok(control) => Line::Control(control),
        Err(_) if quiet => Line::Control(Control::Nothing),
        Err(answer) => Line::Control(Control::Answer(answer)),
    }
}

/// What is done, or the answer.
type Asked = Result<Control<'static>, &'static str>;

fn flush_all(delay: &[u8], quiet: bool) -> Asked {
    let delay = parse_i32(delay).ok_or("CLIENT_ERROR invalid exptime argument")?;
    Ok(Control::FlushAll { delay, quiet })
}

fn memory_limit(mebibytes: &[u8]) -> &'static str {
    match parse_u32(mebibytes) {
        None => "ERROR",
        Some(..8) => "MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m",
        // The budget is that of `-m`.
        Some(_) => "MEMLIMIT_ADJUST_FAILED out of bounds or unable to adjust",
    }
}

/// Pages go where they are wanted by themselves.
fn slabs(count: usize, first: &[u8], second: &[u8], third: &[u8]) -> &'static str {
    match (count, first) {
        (2, b"automove") => match parse_u32(second) {
            Some(0..=2) => "OK",
            Some(_) => "ERROR",
            None => BAD_FORMAT,
        },
        (3, b"reassign") => match (parse_i32(second), parse_i32(third)) {
            (Some(_), Some(_)) => "CLIENT_ERROR slab reassignment disabled",
            _ => BAD_FORMAT,
        },
        _ => "ERROR",
    }
}

fn lru(count: usize, first: &[u8], second: &[u8]) -> &'static str {
    match (count, first, second) {
        (2, b"mode", b"segmented") => "OK",
        (2, b"mode", b"flat") => "CLIENT_ERROR the LRU of this server is segmented always",
        (5.., b"tune", _) | (2, b"temp_ttl", _) => "CLIENT_ERROR the LRU of this server tunes itself",
        _ => "ERROR",
    }
}

fn lru_crawler(count: usize, first: &[u8], second: &[u8]) -> Asked {
    match (count, first) {
        (1, b"enable") => Err("OK"),
        (1, b"disable") => Err("ERROR failed to stop lru crawler thread"),
        // It goes where something has expired, each second.
        (2, b"crawl") if second == b"hash" => Err("ERROR an unknown error happened"),
        (2, b"crawl") => Err(classes(second).map_or(BAD_CLASS, |_| "OK")),
        (2, b"sleep") => Err(match parse_u32(second) {
            Some(..=CRAWLER_SLEEP_MAX) => "OK",
            Some(_) => "CLIENT_ERROR sleep must be one second or less",
            None => BAD_FORMAT,
        }),
        (2, b"tocrawl") => Err(if parse_u32(second).is_some() { "OK" } else { BAD_FORMAT }),
        (2, b"metadump") => Ok(Control::Dump(Dump::Lines(classes(second).ok_or(BAD_CLASS)?))),
        (2, b"mgdump") => Ok(Control::Dump(Dump::Commands(classes(second).ok_or(BAD_CLASS)?))),
        _ => Err("ERROR"),
    }
}

/// Reads `all`, `hash`, and numbers between commas.
fn classes(text: &[u8]) -> Option<Classes> {
    if matches!(text, b"all" | b"hash") {
        return Some(Classes(u64::MAX));
    }
    let mut numbers = text
        .split(|byte| *byte == b',')
        .filter(|number| !number.is_empty())
        .map(|number| parse_u32(number).filter(|number| (1..CLASS_LIMIT).contains(number)));
    numbers.try_fold(Classes(0), |Classes(bits), number| Some(Classes(bits | 1 << number?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_all_or_listed() {
        assert_eq!(classes(b"all"), Some(Classes(u64::MAX)));
        assert_eq!(classes(b"hash"), Some(Classes(u64::MAX)));
        assert_eq!(classes(b"1,3,"), Some(Classes(0b1010)));
        assert_eq!(classes(b"63"), Some(Classes(1 << 63)));
        for wrong in [&b"0"[..], b"64", b"x", b"1,x", b"-1"] {
            assert_eq!(classes(wrong), None, "{}", wrong.escape_ascii());
        }
    }
}
