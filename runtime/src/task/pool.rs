//! Pools: fibers of one function, in slots that each shard keeps for them.
//!
//! A pool is a constant in a section of the program, which the linker makes a table of all of them. So
//! a program knows before it starts what its fibers take, and a pool is found by its place in the table.

use std::cell::Cell;
use std::ptr::{self, NonNull};

use super::raw::{self, Header};
use super::waker::SLOTS_MAX;
use crate::mem::{self, class};
use crate::sys::poison::{poison, unpoison};

/// A function with a pool, and how large that is in each shard.
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Pool {
    /// Path of the function.
    pub(crate) name: &'static str,
    pub(crate) file: &'static str,
    pub(crate) line: u32,
    /// How many fibers a shard can have of it.
    pub(crate) slots: u32,
    /// Bytes of one slot: the fiber's header and its future, or its result.
    pub(crate) slot_size: usize,
}

impl Pool {
    /// The entry of a table; `slot_size` comes from [`slot_size`].
    pub const fn new(
        name: &'static str,
        file: &'static str,
        line: u32,
        slots: u32,
        slot_size: usize,
    ) -> Pool {
        Pool { name, file, line, slots, slot_size }
    }

    /// Bytes that it takes of each shard's budget.
    pub(crate) fn size(&self) -> usize {
        (self.slots as usize).saturating_mul(self.slot_size).saturating_add(PAGE - 1) & !(PAGE - 1)
    }

    /// Its place in the table; something beyond the end for a pool that is not in there.
    #[inline]
    pub(super) fn index(&'static self) -> usize {
        let start = pools().as_ptr().addr();
        ptr::from_ref(self).addr().wrapping_sub(start) / size_of::<Pool>()
    }
}

const PAGE: usize = 4096;

/// Bytes of a slot for the futures that `function` makes of its arguments.
///
/// The function is only named, so that its future needs no name.
pub const fn slot_size<F, A, R>(_function: F) -> usize
where
    F: FnOnce(A) -> R + Copy,
    R: Future,
{
    raw::slot_size::<R>().next_multiple_of(class::BLOCK_ALIGN)
}

#[expect(improper_ctypes, reason = "Rust on both sides: the linker only makes the names")]
unsafe extern "C" {
    // The linker names the ends of every section whose name could be one in C.
    #[link_name = "__start_seastar_pools"]
    static START: Pool;
    #[link_name = "__stop_seastar_pools"]
    static STOP: Pool;
}

/// Without a pool in the program there would be no section, and no names for its ends.
#[used]
#[unsafe(link_section = "seastar_pools")]
static NONE: Pool = Pool::new("", "", 0, 0, 0);

/// All pools of this program.
pub(crate) fn pools() -> &'static [Pool] {
    // The linker leaves out what nobody mentions.
    std::hint::black_box(&raw const NONE);
    let (start, stop) = (&raw const START, &raw const STOP);
    // SAFETY: the section holds pools and nothing else: they are all that is put there, and as long as their
    // alignment is a divisor of their size nothing lies between them.
    unsafe { std::slice::from_raw_parts(start, (stop.addr() - start.addr()) / size_of::<Pool>()) }
}

/// Bytes that all pools take of each shard's budget.
pub(crate) fn pools_size() -> usize {
    pools().iter().fold(0, |size, pool| size.saturating_add(pool.size()))
}

/// The slots of one pool in one shard.
pub(super) struct PoolLane {
    base: NonNull<u8>,
    slot_size: usize,
    slots: usize,
    /// The first of the chunks in which its slots are found again.
    pub(super) chunk: usize,
    /// Slots that were given back.
    free: Cell<Option<NonNull<Header>>>,
    /// Slots that were used at least once.
    used: Cell<usize>,
}

/// A slot of a pool.
pub(super) enum Taken {
    Again(NonNull<Header>),
    /// For the first time: it needs a number, for which this is its place among the pool's slots.
    First(NonNull<Header>, usize),
}

impl PoolLane {
    /// Takes the pool's memory from the shard's budget.
    pub(super) fn new(pool: &Pool, chunk: usize) -> Option<PoolLane> {
        let base = if pool.slots == 0 { NonNull::dangling() } else { mem::map_chunk(pool.size())? };
        poison(base.as_ptr(), if pool.slots == 0 { 0 } else { pool.size() });
        let (slots, slot_size) = (pool.slots as usize, pool.slot_size);
        Some(PoolLane { base, slot_size, slots, chunk, free: Cell::new(None), used: Cell::new(0) })
    }

    /// Whether its slots can hold so much.
    #[inline]
    pub(super) fn holds(&self, size: usize) -> bool {
        size <= self.slot_size
    }

    /// The parts of it that have a number of their own: where each begins.
    pub(super) fn chunks(&self) -> impl Iterator<Item = NonNull<u8>> {
        // SAFETY: each begins with one of the slots.
        (0..self.slots).step_by(SLOTS_MAX).map(|slot| unsafe { self.base.add(slot * self.slot_size) })
    }

    #[inline]
    pub(super) fn take(&self) -> Option<Taken> {
        if let Some(slot) = self.free.get() {
            // SAFETY: what is in the list are free slots, whose headers stay readable.
            self.free.set(unsafe { slot.as_ref() }.next.get());
            unpoison(slot.as_ptr().cast(), self.slot_size);
            return Some(Taken::Again(slot));
        }
        let place = self.used.get();
        if place == self.slots {
            return None;
        }
        self.used.set(place + 1);
        // SAFETY: one of the slots.
        let slot = unsafe { self.base.add(place * self.slot_size) };
        unpoison(slot.as_ptr(), self.slot_size);
        Some(Taken::First(slot.cast(), place))
    }

    /// Takes a slot back, of which only the header may be looked at from now on.
    ///
    /// # Safety
    ///
    /// It came from this lane, and nobody uses it any more.
    #[inline]
    pub(super) unsafe fn give(&self, slot: NonNull<Header>) {
        // SAFETY: readable, as the caller says.
        unsafe { slot.as_ref() }.next.set(self.free.get());
        let kept = size_of::<Header>();
        poison(slot.as_ptr().cast::<u8>().wrapping_add(kept), self.slot_size - kept);
        self.free.set(Some(slot));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[used]
    #[unsafe(link_section = "seastar_pools")]
    static ONE: Pool = Pool::new("test::one", "here.rs", 7, 3, 160);

    #[test]
    fn the_table_has_every_pool_once() {
        let found: Vec<_> = pools().iter().filter(|pool| pool.name == "test::one").collect();
        assert_eq!(found, [&ONE]);
        assert!(ptr::eq(&raw const pools()[ONE.index()], &raw const ONE));
        assert_eq!(pools().iter().filter(|pool| **pool == NONE).count(), 1);
    }

    #[test]
    fn a_pool_that_is_not_in_the_table_has_no_place_in_it() {
        static OTHER: Pool = Pool::new("test::other", "here.rs", 8, 3, 160);
        assert!(OTHER.index() >= pools().len());
    }

    #[test]
    fn a_pool_takes_whole_pages() {
        assert_eq!(ONE.size(), PAGE);
        assert_eq!(Pool::new("", "", 0, u32::MAX, usize::MAX).size() % PAGE, 0);
        assert!(pools_size() >= PAGE);
    }
}
