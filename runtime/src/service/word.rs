//! The name of a start of a service, as one word.

use std::num::NonZeroU64;

/// Bits of the word: which entry of the tables, which one shard if it is on one only, and the number of the start.
const PLACE_BITS: u32 = 12;
const ONLY_BITS: u32 = 13;

/// Services that run in one program at the same time.
pub(super) const SERVICES_MAX: usize = 1 << PLACE_BITS;

/// The name of one start of a service, which no other start in this process has. Later starts have larger ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Word(NonZeroU64);

impl Word {
    /// `serial` is not zero.
    pub(super) fn new(serial: u64, only: Option<usize>, place: usize) -> Word {
        debug_assert!(place < SERVICES_MAX);
        let only = only.map_or(0, |shard| shard as u64 + 1);
        let word = (serial << ONLY_BITS | only) << PLACE_BITS | place as u64;
        Word(NonZeroU64::new(word).expect("starts are counted from one"))
    }

    #[inline]
    pub(super) fn place(self) -> usize {
        self.0.get() as usize & (SERVICES_MAX - 1)
    }

    /// The one shard that has an instance; `None` for all.
    #[inline]
    pub(super) fn only(self) -> Option<usize> {
        ((self.0.get() >> PLACE_BITS) as usize & ((1 << ONLY_BITS) - 1)).checked_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_word_do_not_touch() {
        let word = Word::new(1, None, SERVICES_MAX - 1);
        assert_eq!((word.place(), word.only()), (SERVICES_MAX - 1, None));
        let word = Word::new((1 << 39) - 1, Some(4095), 5);
        assert_eq!((word.place(), word.only()), (5, Some(4095)));
        assert!(Word::new(1, Some(4095), SERVICES_MAX - 1) < Word::new(2, None, 0));
    }
}
