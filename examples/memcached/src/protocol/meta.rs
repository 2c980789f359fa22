//! Meta commands: two letters, a key, and flags of one letter each, some with an argument.

use super::number::{parse_i32, parse_u32, parse_u64};
use super::request::StoreMode;
use super::tokens::Tokens;

/// Words of a line that are looked at, the command and the key among them.
const WORDS_MAX: usize = 23;
/// Words that a meta command may have.
const OPTIONS_WORDS_MAX: usize = 20;
/// An opaque flag with its letter.
const OPAQUE_BYTES_MAX: usize = 32;

/// The answer to most mistakes.
pub const BAD_FORMAT: &str = "CLIENT_ERROR bad command line format";
const BAD_TOKEN: &str = "CLIENT_ERROR bad token in command line format";

/// The flags of a meta command, read. Numbers are as sent; times are made absolute by the key's owner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MetaOptions {
    /// `b`: the key came in base64.
    pub binary_key: bool,
    /// `v`
    pub value: bool,
    /// `q`
    pub quiet: bool,
    /// `u`
    pub no_update: bool,
    /// `I`
    pub invalidate: bool,
    /// `x`
    pub remove_value: bool,
    /// Something is asked about the item as it was before, or changed: its use is noted at the end.
    pub late_update: bool,
    /// `N`
    pub vivify: Option<i32>,
    /// `T`
    pub exptime: Option<i32>,
    /// `R`
    pub recache: Option<i32>,
    /// `F`
    pub client_flags: u32,
    /// `C`
    pub compare: Option<u64>,
    /// `E`
    pub new_cas: Option<u64>,
    /// `M`, 0 without one.
    pub mode: u8,
    /// `J`
    pub initial: u64,
    /// `D`
    pub delta: u64,
}

/// Reads the flags; `words` is how many words of the line come before them.
pub fn read_options(flags: &[u8], words: usize) -> Result<MetaOptions, &'static str> {
    let tokens = || Tokens::new(flags).take(WORDS_MAX - words);
    // What begins with neither a letter nor a digit is no flag at all, and makes the line unreadable.
    let is_readable = |flag: &[u8]| matches!(flag[0], b'A'..=b'z' | b'0'..=b'9');
    let mut count = words;
    for flag in tokens() {
        if !is_readable(flag) {
            return Err(BAD_FORMAT);
        }
        count += 1;
    }
    if count > OPTIONS_WORDS_MAX {
        return Err("CLIENT_ERROR options flags are too long");
    }
    let mut options = MetaOptions { delta: 1, ..MetaOptions::default() };
    let mut seen = 0u128;
    let mut mistake = None;
    for flag in tokens() {
        let bit = 1 << flag[0];
        if seen & bit != 0 {
            return Err("CLIENT_ERROR duplicate flag");
        }
        seen |= bit;
        match read_flag(&mut options, flag) {
            Ok(()) => {}
            Err(Mistake::Fatal(text)) => return Err(text),
            Err(Mistake::InToken(text)) => mistake = Some(text),
        }
    }
    match mistake {
        Some(text) => Err(text),
        None => Ok(options),
    }
}

enum Mistake {
    Fatal(&'static str),
    /// What follows is read all the same, and the last mistake is told.
    InToken(&'static str),
}

fn read_flag(options: &mut MetaOptions, flag: &[u8]) -> Result<(), Mistake> {
    let argument = &flag[1..];
    let bad_token = Mistake::InToken(BAD_TOKEN);
    match flag[0] {
        b'b' => options.binary_key = true,
        b'v' => options.value = true,
        b'q' => options.quiet = true,
        b'u' => options.no_update = true,
        b'I' => options.invalidate = true,
        b'x' => options.remove_value = true,
        b'h' | b'l' => options.late_update = true,
        b'N' => {
            options.vivify = Some(parse_i32(argument).ok_or(bad_token)?);
            options.late_update = true;
        }
        b'T' => {
            options.exptime = Some(parse_i32(argument).ok_or(bad_token)?);
            options.late_update = true;
        }
        b'R' => {
            options.recache = Some(parse_i32(argument).ok_or(bad_token)?);
            options.late_update = true;
        }
        b'F' => options.client_flags = parse_u32(argument).ok_or(Mistake::InToken(BAD_FORMAT))?,
        b'C' => options.compare = Some(parse_u64(argument).ok_or(bad_token)?),
        b'E' => options.new_cas = Some(parse_u64(argument).ok_or(bad_token)?),
        b'M' => options.mode = argument.first().copied().unwrap_or(b' '),
        b'J' => {
            let mistake = Mistake::InToken("CLIENT_ERROR invalid numeric initial value");
            options.initial = parse_u64(argument).ok_or(mistake)?;
        }
        b'D' => {
            let mistake = Mistake::InToken("CLIENT_ERROR invalid numeric delta value");
            options.delta = parse_u64(argument).ok_or(mistake)?;
        }
        b'O' if flag.len() > OPAQUE_BYTES_MAX => {
            return Err(Mistake::InToken("CLIENT_ERROR opaque token too long"));
        }
        b'O' | b'P' | b'L' | b'k' | b's' | b't' | b'c' | b'f' => {}
        _ => return Err(Mistake::Fatal("CLIENT_ERROR invalid flag")),
    }
    Ok(())
}

impl MetaOptions {
    /// How `ms` stores.
    pub fn store_mode(&self) -> Result<StoreMode, &'static str> {
        let mode = match (self.mode, self.vivify) {
            (0 | b'S', _) => StoreMode::Set,
            (b'E', _) => StoreMode::Add,
            (b'A', None) => StoreMode::Append,
            (b'A', Some(_)) => StoreMode::AppendOrSet,
            (b'P', None) => StoreMode::Prepend,
            (b'P', Some(_)) => StoreMode::PrependOrSet,
            (b'R', _) => StoreMode::Replace,
            _ => return Err("CLIENT_ERROR invalid mode for ms M token"),
        };
        let compares = self.compare.is_some_and(|_| matches!(mode, StoreMode::Set | StoreMode::Replace));
        Ok(if compares { StoreMode::Cas } else { mode })
    }

    /// Whether `ma` decrements.
    pub fn decrements(&self) -> Result<bool, &'static str> {
        match self.mode {
            0 | b'I' | b'+' => Ok(false),
            b'D' | b'-' => Ok(true),
            _ => Err("CLIENT_ERROR invalid mode for ma M token"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(flags: &str) -> Result<MetaOptions, &'static str> {
        read_options(flags.as_bytes(), 2)
    }

    #[test]
    fn flags_are_read_in_any_order() {
        let options = read("v t Oabc C12 T-1 q N30 MA").unwrap();
        assert!(options.value && options.quiet && options.late_update);
        assert_eq!((options.compare, options.exptime, options.vivify), (Some(12), Some(-1), Some(30)));
        assert_eq!(options.store_mode(), Ok(StoreMode::AppendOrSet));
        assert_eq!(read("").unwrap().delta, 1);
    }

    #[test]
    fn mistakes_are_told_as_memcached_does() {
        assert_eq!(read("v v"), Err("CLIENT_ERROR duplicate flag"));
        assert_eq!(read("v !"), Err(BAD_FORMAT));
        assert_eq!(read("7"), Err("CLIENT_ERROR invalid flag"));
        assert_eq!(read("Tx v"), Err(BAD_TOKEN));
        assert_eq!(read("T"), Err(BAD_TOKEN));
        assert_eq!(read("m o o o"), Err("CLIENT_ERROR invalid flag"));
        assert_eq!(read("v s t f h l k c q u x b I O P L M"), read("v s t f h l k c q u x b I O P L M"));
        assert_eq!(
            read("a b c d e f g h i j k l m n o p q r s"),
            Err("CLIENT_ERROR options flags are too long")
        );
        assert_eq!(read(&format!("O{}", "x".repeat(32))), Err("CLIENT_ERROR opaque token too long"));
        assert_eq!(read("MX").unwrap().store_mode(), Err("CLIENT_ERROR invalid mode for ms M token"));
    }

    #[test]
    fn a_set_that_compares_is_a_cas() {
        assert_eq!(read("C1").unwrap().store_mode(), Ok(StoreMode::Cas));
        assert_eq!(read("C1 MR").unwrap().store_mode(), Ok(StoreMode::Cas));
        assert_eq!(read("C1 ME").unwrap().store_mode(), Ok(StoreMode::Add));
        assert_eq!(read("C0").unwrap().store_mode(), Ok(StoreMode::Cas));
    }
}
