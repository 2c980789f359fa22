//! A waker is a number: shard and place of the task, and its generation.
//!
//! Cloning copies it and dropping does nothing. A number whose task has ended finds another
//! generation in its place, and nothing happens.

use std::task::{RawWaker, RawWakerVTable, Waker};

use super::tasks;

/// Bits of each part, the lowest first: 20 chunk, 12 shard, 10 slot, 22 generation. So shard and chunk together are the lower
/// half, and the next generation is one addition.
const CHUNK_BITS: u32 = 20;
const SHARD_BITS: u32 = 12;
const SLOT_BITS: u32 = 10;
const SLOT_SHIFT: u32 = CHUNK_BITS + SHARD_BITS;
const GENERATION_SHIFT: u32 = SLOT_SHIFT + SLOT_BITS;

/// Chunks that one shard's tasks can have.
pub(super) const CHUNKS_MAX: usize = 1 << CHUNK_BITS;
/// Tasks in one chunk.
pub(super) const SLOTS_MAX: usize = 1 << SLOT_BITS;

/// The name of one task in one place, process-wide.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Number(pub(super) u64);

impl Number {
    pub(super) fn first(shard: usize, chunk: usize, slot: usize) -> Number {
        Number((slot as u64) << SLOT_SHIFT | (shard << CHUNK_BITS | chunk) as u64)
    }

    #[inline]
    pub(super) fn shard(self) -> usize {
        self.chunk_of_all() as usize >> CHUNK_BITS
    }

    /// The chunk's number among those of its shard.
    #[inline]
    pub(super) fn chunk(self) -> usize {
        self.chunk_of_all() as usize & (CHUNKS_MAX - 1)
    }

    /// The chunk's number among those of all shards.
    #[inline]
    pub(super) fn chunk_of_all(self) -> u32 {
        self.0 as u32
    }

    #[inline]
    pub(super) fn slot(self) -> usize {
        (self.0 >> SLOT_SHIFT) as usize & (SLOTS_MAX - 1)
    }

    /// The number of the next task in the same place.
    #[inline]
    pub(super) fn next(self) -> Number {
        Number(self.0.wrapping_add(1 << GENERATION_SHIFT))
    }

    /// A waker that needs no drop.
    #[inline]
    pub(super) fn waker(self) -> Waker {
        // SAFETY: the table treats the pointer as a number, never as an address, from any thread.
        unsafe { Waker::from_raw(raw(self.0 as *const ())) }
    }
}

static TABLE: RawWakerVTable = RawWakerVTable::new(raw, wake, wake, |_| {});

#[inline]
fn raw(number: *const ()) -> RawWaker {
    RawWaker::new(number, &TABLE)
}

fn wake(number: *const ()) {
    tasks::wake_number(Number(number as u64));
}

/// Whether a waker with this table is one of ours.
#[inline]
pub(super) fn is_fiber(vtable: *const RawWakerVTable) -> bool {
    std::ptr::eq(vtable, &TABLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_number_do_not_touch() {
        let number = Number::first(4095, CHUNKS_MAX - 1, SLOTS_MAX - 1);
        assert_eq!((number.shard(), number.chunk(), number.slot()), (4095, CHUNKS_MAX - 1, SLOTS_MAX - 1));
        let mut later = number;
        for _ in 0..1000 {
            later = later.next();
        }
        assert_ne!(later, number);
        assert_eq!((later.shard(), later.chunk(), later.slot()), (4095, CHUNKS_MAX - 1, SLOTS_MAX - 1));
        assert_eq!(Number(number.0 | u64::MAX << GENERATION_SHIFT).next(), number, "generations come round");
    }

    #[test]
    fn a_waker_of_an_ended_shard_is_harmless() {
        Number::first(4000, 1, 1).waker().wake();
    }
}
