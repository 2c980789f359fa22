//! One line of a client: what it asks for.

use super::administration::{administration, stats};
use super::key::KeyRoom;
use super::meta::{BAD_FORMAT, MetaOptions, read_options};
use super::number::{parse_i32, parse_i64, parse_u64};
use super::request::{KEY_BYTES_MAX, Op, Request, StoreMode};
use super::tokens::{Tokens, word_bytes};

/// What an item takes beside its key and value, for the question whether it is too large.
const ITEM_OVERHEAD: usize = 59;
/// Values that a client cannot mean: lengths are 32 bits with a sign, and a line end follows.
const VALUE_BYTES_LIMIT: i32 = i32::MAX - 2;
const LINE_END: usize = 2;
const BAD_FLAG: &str = "CLIENT_ERROR invalid or duplicate flag";
const DELETE_USAGE: &str = "CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]";

/// What a line asks for.
#[derive(Debug)]
pub enum Line<'a> {
    /// One operation on one key.
    One(Request<'a>),
    /// One operation whose value follows: so many bytes and a line end.
    WithValue(Request<'a>, usize),
    /// The same operation on one key after the other, and `END`.
    Keys(Op, Tokens<'a>),
    /// Something that does not concern a key.
    Control(Control<'a>),
    /// Nothing, because of a mistake; the answer unless the client wants none, and how many bytes to skip, which
    /// would have been a value.
    Refused(Option<&'static str>, usize),
    /// An operation in place of one whose value is too large, and how many bytes that has.
    TooLarge(Request<'a>, usize),
    /// What comes is not for us.
    Close,
}

/// What does not concern a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control<'a> {
    /// Statistics, of the kind that is named; no name asks for the general ones.
    Stats(&'a [u8]),
    /// Forgets all items after so many seconds, or at a Unix time.
    FlushAll {
        /// As the client says it.
        delay: i32,
        /// Whether it wants no answer.
        quiet: bool,
    },
    /// Asks for the version.
    Version,
    /// `mn`, whose answer says that everything before it was done.
    MetaNoop,
    /// The end of the connection.
    Quit,
    /// All keys.
    Dump(Dump),
    /// The end of the program.
    Shutdown,
    /// Something that has a fixed answer.
    Answer(&'static str),
    /// Something that has no answer.
    Nothing,
}

/// How items are listed, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dump {
    /// One line with all about it for each.
    Lines(Classes),
    /// A command that gets it.
    Commands(Classes),
    /// Those of one class, at most so many unless that is 0, as `stats cachedump` does.
    Class(u32, u32),
}

/// Classes of items by number, one bit for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Classes(pub u64);

pub(super) fn refused<'a>(answer: &'static str) -> Line<'a> {
    Line::Refused(Some(answer), 0)
}

/// Reads `line`, which ends with `\n` or `\r\n`. `room` is for a key that has to be decoded.
#[inline]
pub fn read_line<'a>(line: &'a [u8], item_bytes_max: usize, room: &'a mut KeyRoom) -> Line<'a> {
    // The shortest command has two letters; a bare line end counts as one byte less.
    if line.len() < 4 {
        return refused(BAD_FORMAT);
    }
    let text = &line[..line.len() - 1];
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let (command, rest) = text.split_at(word_bytes(text));
    let words = Tokens::new(rest);
    match command {
        // As memcached before 1.6.40, and C++ Seastar's.
        b"get" | b"gets" if words.is_empty() => refused("ERROR"),
        b"get" => keys(Op::Get { with_cas: false }, words),
        b"gets" => keys(Op::Get { with_cas: true }, words),
        b"set" => store(StoreMode::Set, words, item_bytes_max),
        b"mg" | b"ms" | b"md" | b"ma" | b"me" => meta(command[1], words, item_bytes_max, room),
        b"mn" => Line::Control(Control::MetaNoop),
        b"gat" => get_and_touch(words, false),
        b"gats" => get_and_touch(words, true),
        b"add" => store(StoreMode::Add, words, item_bytes_max),
        b"replace" => store(StoreMode::Replace, words, item_bytes_max),
        b"append" => store(StoreMode::Append, words, item_bytes_max),
        b"prepend" => store(StoreMode::Prepend, words, item_bytes_max),
        b"cas" => store(StoreMode::Cas, words, item_bytes_max),
        // A time, which means nothing today, may stand behind the key.
        b"delete" if words.count() > 3 => refused("ERROR"),
        b"delete" if words.count() == 3 && !is_quiet(words) => refused(DELETE_USAGE),
        b"delete" => with_key(words, 1, |_, quiet| Ok(Op::Delete { quiet })),
        b"incr" => with_key(words, 2, |delta, quiet| arithmetic(delta, false, quiet)),
        b"decr" => with_key(words, 2, |delta, quiet| arithmetic(delta, true, quiet)),
        b"touch" => with_key(words, 2, |exptime, quiet| match parse_i32(exptime) {
            Some(exptime) => Ok(Op::Touch { exptime: exptime.into(), quiet }),
            None => Err("CLIENT_ERROR invalid exptime argument"),
        }),
        b"stats" => stats(words),
        b"version" => Line::Control(Control::Version),
        b"quit" => Line::Control(Control::Quit),
        b"watch" => refused("CLIENT_ERROR watch commands not allowed"),
        _ => administration(text),
    }
}

#[inline]
fn keys(op: Op, words: Tokens<'_>) -> Line<'_> {
    match are_keys(words) {
        true => Line::Keys(op, words),
        false => refused(BAD_FORMAT),
    }
}

/// Whether there is at least one, and none is too long.
#[inline]
fn are_keys(words: Tokens<'_>) -> bool {
    let mut rest = words.rest();
    // From blank to blank in steps as long as a key may be.
    while rest.len() > KEY_BYTES_MAX {
        match rest[..=KEY_BYTES_MAX].iter().rposition(|&byte| byte == b' ') {
            Some(blank) => rest = &rest[blank + 1..],
            None => return false,
        }
    }
    !words.is_empty()
}

fn get_and_touch(mut words: Tokens<'_>, with_cas: bool) -> Line<'_> {
    let exptime = words.next();
    match exptime.map(parse_i32) {
        Some(exptime) if !words.is_empty() => match exptime {
            Some(exptime) => keys(Op::GetAndTouch { with_cas, exptime: exptime.into() }, words),
            None => refused("CLIENT_ERROR invalid exptime argument"),
        },
        _ => refused(BAD_FORMAT),
    }
}

pub(super) fn is_quiet(words: Tokens<'_>) -> bool {
    words.last() == Some(b"noreply")
}

fn refused_value<'a>(answer: &'static str, quiet: bool, value_bytes: usize) -> Line<'a> {
    Line::Refused((!quiet).then_some(answer), value_bytes + LINE_END)
}

/// `key flags exptime bytes [cas] [noreply]`
#[inline]
fn store(mode: StoreMode, mut words: Tokens<'_>, item_bytes_max: usize) -> Line<'_> {
    let mut word = || words.next();
    let (Some(key), Some(flags), Some(exptime), Some(bytes)) = (word(), word(), word(), word()) else {
        return refused(BAD_FORMAT);
    };
    let Some(value_bytes) = read_value_bytes(bytes) else { return refused(BAD_FORMAT) };
    let quiet = is_quiet(words);
    let compare = match mode {
        StoreMode::Cas => words.next().map(parse_u64),
        _ => Some(None),
    };
    // Of a number of 64 bits the lower half counts, as in memcached.
    let client_flags = parse_u64(without_plus(flags)).map(|flags| flags as u32);
    let numbers = (client_flags, parse_i64(without_plus(exptime)), compare);
    let (Some(client_flags), Some(exptime), Some(compare)) = numbers else {
        return refused_value(BAD_FORMAT, quiet, value_bytes);
    };
    if key.len() > KEY_BYTES_MAX || (mode == StoreMode::Cas && compare.is_none()) {
        return refused_value(BAD_FORMAT, quiet, value_bytes);
    }
    let op = Op::Store { mode, client_flags, exptime, compare, quiet };
    let request = Request { op, key, value: b"", flags: b"" };
    if is_too_large(key, value_bytes, item_bytes_max) {
        let op = Op::TooLarge { quiet, is_set: mode == StoreMode::Set };
        return Line::TooLarge(Request { op, ..request }, value_bytes + LINE_END);
    }
    Line::WithValue(request, value_bytes)
}

/// The C function that memcached reads these two with takes a plus.
fn without_plus(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"+").unwrap_or(text)
}

fn read_value_bytes(text: &[u8]) -> Option<usize> {
    parse_i32(text).filter(|bytes| (0..=VALUE_BYTES_LIMIT).contains(bytes)).map(|bytes| bytes as usize)
}

fn is_too_large(key: &[u8], value_bytes: usize, item_bytes_max: usize) -> bool {
    key.len() + value_bytes + ITEM_OVERHEAD > item_bytes_max
}

/// `key [argument] [noreply]`, with so many words at least.
fn with_key<'a>(
    mut words: Tokens<'a>,
    words_min: usize,
    op: impl FnOnce(&'a [u8], bool) -> Result<Op, &'static str>,
) -> Line<'a> {
    if words.take(words_min).count() < words_min {
        return refused(BAD_FORMAT);
    }
    let quiet = is_quiet(words);
    let key = words.next().expect("at least one was counted");
    let refuse = |answer| Line::Refused((!quiet).then_some(answer), 0);
    if key.len() > KEY_BYTES_MAX {
        return refuse(BAD_FORMAT);
    }
    match op(words.next().unwrap_or(b""), quiet) {
        Ok(op) => Line::One(Request { op, key, value: b"", flags: b"" }),
        Err(answer) => refuse(answer),
    }
}

fn arithmetic(delta: &[u8], decrement: bool, quiet: bool) -> Result<Op, &'static str> {
    match parse_u64(delta) {
        Some(delta) => Ok(Op::Arithmetic { delta, decrement, quiet }),
        None => Err("CLIENT_ERROR invalid numeric delta argument"),
    }
}

/// `key [bytes] flags`
fn meta<'a>(letter: u8, mut words: Tokens<'a>, item_bytes_max: usize, room: &'a mut KeyRoom) -> Line<'a> {
    let Some(text) = words.next() else { return refused(BAD_FORMAT) };
    let value_bytes = match letter {
        b's' => match words.next().and_then(read_value_bytes) {
            Some(value_bytes) => Some(value_bytes),
            None => return refused(BAD_FORMAT),
        },
        _ => None,
    };
    let flags = words.rest();
    let read = read_meta(letter, text, flags, value_bytes, room);
    let skip = value_bytes.map_or(0, |bytes| bytes + LINE_END);
    match (read, value_bytes) {
        (Err(answer), _) => Line::Refused(Some(answer), skip),
        (Ok(request), None) => Line::One(request),
        (Ok(request), Some(bytes)) if is_too_large(request.key, bytes, item_bytes_max) => {
            let op = Op::TooLarge { quiet: false, is_set: true };
            Line::TooLarge(Request { op, ..request }, skip)
        }
        (Ok(request), Some(bytes)) => Line::WithValue(request, bytes),
    }
}

fn read_meta<'a>(
    letter: u8,
    text: &'a [u8],
    flags: &'a [u8],
    value_bytes: Option<usize>,
    room: &'a mut KeyRoom,
) -> Result<Request<'a>, &'static str> {
    if text.len() > KEY_BYTES_MAX {
        return Err(if letter == b'a' { BAD_FLAG } else { BAD_FORMAT });
    }
    let options = match letter {
        // The one flag that it has comes first.
        b'e' => MetaOptions { binary_key: Tokens::new(flags).next() == Some(b"b"), ..Default::default() },
        _ => {
            let read = read_options(flags, 2 + usize::from(value_bytes.is_some()));
            if letter == b'a' { read.map_err(|_| BAD_FLAG)? } else { read? }
        }
    };
    let key = match options.binary_key {
        true => room.decode(text).ok_or(match letter {
            b'a' => BAD_FLAG,
            b'e' => BAD_FORMAT,
            _ => "CLIENT_ERROR error decoding key",
        })?,
        false => text,
    };
    let op = match letter {
        b'g' => Op::MetaGet(options),
        b's' => Op::MetaSet(options, options.store_mode()?),
        b'd' => Op::MetaDelete(options),
        b'a' => Op::MetaArithmetic(options, options.decrements()?),
        _ => Op::MetaDebug { binary_key: options.binary_key },
    };
    Ok(Request { op, key, value: b"", flags })
}
