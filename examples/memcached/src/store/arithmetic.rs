//! Values that are numbers.

use super::Store;
use super::item::Item;
use super::key::Key;
use super::memory::{At, bits};
use super::write::{Mode, New, Stored};

/// Digits of the largest number.
const DIGITS_MAX: usize = 20;

/// What is done to a number.
#[derive(Clone, Copy, Debug)]
pub struct Arithmetic {
    /// How much.
    pub delta: u64,
    /// Whether it is taken away, down to 0, instead of added, beyond 2^64 from 0 again.
    pub decrement: bool,
    /// The number that the item has to have.
    pub compare: Option<u64>,
    /// The number that the item gets instead of the next one.
    pub cas: Option<u64>,
}

/// What came of it.
pub enum Arithmetical<'a> {
    /// The item is this now.
    Done {
        /// The new number.
        value: u64,
        /// The item.
        item: Item<'a>,
    },
    /// There is no item.
    NotFound,
    /// The value is no number below 2^64.
    NotNumeric,
    /// The item has another number.
    Exists,
    /// No room could be made; the item is gone.
    OutOfMemory,
}

impl Store {
    /// Adds to a value that is a number, or takes away from it. One that gets shorter is followed by blanks, so that it stays
    /// where it is.
    pub fn arithmetic(&mut self, key: Key<'_>, how: Arithmetic) -> Arithmetical<'_> {
        let Some(at) = self.locate(key) else { return Arithmetical::NotFound };
        let item = Item { store: self, at };
        let (old, client_flags, exptime) = (item.value(), item.client_flags(), item.exptime());
        if how.compare.is_some_and(|compare| compare != item.cas()) && old.is_some_and(|old| !old.is_empty())
        {
            return Arithmetical::Exists;
        }
        let Some(number) = old.and_then(number) else { return Arithmetical::NotNumeric };
        let value = match how.decrement {
            true => number.saturating_sub(how.delta),
            false => number.wrapping_add(how.delta),
        };
        let mut digits = [b' '; DIGITS_MAX];
        let used = write_digits(value, &mut digits);
        let length = item.value_bytes();
        let binary_key = item.is_binary_key();
        if used <= length && self.heap.header(at).pins.get() == 0 {
            self.write_in_place(at, &digits[..used], length);
            let cas = how.cas.unwrap_or_else(|| self.next_cas());
            let item = Item { store: self, at };
            item.set_cas(cas);
            item.mark_stored();
            return Arithmetical::Done { value, item };
        }
        let new = New { client_flags, exptime, binary_key, cas: how.cas, ..New::default() };
        // Somebody reads it, or it gets longer: the same value as in place, in another one.
        let Ok(mut reservation) = self.reserve(key, used.max(length), &new) else {
            return Arithmetical::OutOfMemory;
        };
        reservation.fill(&digits[..used]);
        while reservation.remaining() > 0 {
            reservation.fill(&[b' '; DIGITS_MAX]);
        }
        match self.commit(reservation, Mode::Set) {
            Stored::Stored { .. } => match self.find(key) {
                Some(item) => Arithmetical::Done { value, item },
                None => Arithmetical::NotFound,
            },
            _ => Arithmetical::OutOfMemory,
        }
    }

    fn write_in_place(&mut self, at: At, digits: &[u8], length: usize) {
        let (memory, offset) = (self.heap.memory(), self.heap.value_offset(at));
        memory.write(offset, digits);
        for blank in digits.len()..length {
            memory.write(offset + blank, b" ");
        }
    }
}

impl Item<'_> {
    /// As a new item would be: recently used, but not yet read.
    fn mark_stored(&self) {
        let header = self.store.heap.header(self.at);
        header.accessed.set(self.store.now);
        header.set(bits::ACTIVE);
    }
}

/// The number at the start of a value, as strtoull(3) reads it: after white space, and before some or the end.
fn number(value: &[u8]) -> Option<u64> {
    let mut words =
        value.split(|byte| byte.is_ascii_whitespace() || *byte == b'\x0b').filter(|word| !word.is_empty());
    let word = words.next()?;
    let digits = word.strip_prefix(b"+").unwrap_or(word);
    let add = |number: u64, digit: &u8| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    };
    (!digits.is_empty()).then_some(digits)?.iter().try_fold(0, add)
}

fn write_digits(mut value: u64, digits: &mut [u8; DIGITS_MAX]) -> usize {
    let mut start = DIGITS_MAX;
    loop {
        start -= 1;
        digits[start] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    digits.copy_within(start.., 0);
    DIGITS_MAX - start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_may_stand_between_blanks() {
        for (text, wanted) in [
            ("0", Some(0)),
            ("0012", Some(12)),
            ("9  ", Some(9)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("", None),
            (" ", None),
            ("-1", None),
            (" 1", Some(1)),
            ("1 2", Some(1)),
            ("+1", Some(1)),
            ("+", None),
            ("0x1", None),
            ("1\n", Some(1)),
        ] {
            assert_eq!(number(text.as_bytes()), wanted, "{text:?}");
        }
    }

    #[test]
    fn digits_are_at_the_start() {
        for value in [0, 9, 10, 1234567890, u64::MAX] {
            let mut digits = [b' '; DIGITS_MAX];
            let used = write_digits(value, &mut digits);
            assert_eq!(&digits[..used], value.to_string().as_bytes());
        }
    }
}
