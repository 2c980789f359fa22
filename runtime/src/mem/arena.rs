//! The lanes of one shard and the chunks behind them.

use std::cell::{Cell, RefCell};
use std::ptr::{self, NonNull};

use super::class::{self, CLASSES};
use super::{Lane, MemoryStatistics};
use crate::sys::map::Mapping;

thread_local! {
    /// Null on threads that are no shard.
    static MEMORY: Cell<*const Inner> = const { Cell::new(ptr::null()) };
    /// Whether something outlived a shard of this thread.
    static OUTLIVED: Cell<bool> = const { Cell::new(false) };
}

/// All memory of one shard. While it lives, the functions of this module work on its thread.
pub(crate) struct Memory {
    inner: NonNull<Inner>,
}

/// Bytes at the start of a free block that are read: the link of the free list.
const KEPT: usize = size_of::<usize>();

struct Inner {
    budget: usize,
    used: Cell<usize>,
    live: Cell<usize>,
    lanes: [Lane; CLASSES],
    chunks: RefCell<Vec<Mapping>>,
}

impl Memory {
    /// Makes this thread able to take blocks, up to `budget` bytes in all.
    pub(crate) fn enter(budget: usize) -> Memory {
        let inner = Box::new(Inner {
            budget,
            used: Cell::new(0),
            live: Cell::new(0),
            lanes: [const { Lane::new() }; CLASSES],
            chunks: RefCell::new(Vec::with_capacity(256)),
        });
        let inner = NonNull::from(Box::leak(inner));
        MEMORY.set(inner.as_ptr());
        Memory { inner }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        MEMORY.set(ptr::null());
        // SAFETY: `enter` leaked this box, and only this value knows it; the pointer above is gone.
        let inner = unsafe { Box::from_raw(self.inner.as_ptr()) };
        // Somebody kept a block beyond the end of the shard (in a static, say): the bytes must stay. Such a
        // block may come back to a later shard of this thread and spoil its count, so that one's stay too.
        if inner.live.get() != 0 {
            keep();
        }
        if OUTLIVED.get() {
            inner.chunks.take().into_iter().for_each(std::mem::forget);
        }
    }
}

#[inline]
fn current<'a>() -> Option<&'a Inner> {
    // SAFETY: set by `enter` and cleared before the box is freed; the reference does not leave the
    // calls below, which cannot end the shard.
    unsafe { MEMORY.get().as_ref() }
}

/// A block of `class`, or nothing when the budget is used up.
///
/// Off a shard there is no memory either.
#[inline]
pub(crate) fn take(class: usize) -> Option<NonNull<u8>> {
    let memory = current()?;
    let lane = &memory.lanes[class];
    let block = lane.pop(class).or_else(|| refill(memory, lane, class))?;
    memory.live.set(memory.live.get() + 1);
    Some(block)
}

/// The same, for what does as well with less: what half of the budget is not enough for is left to others.
///
/// Blocks stay in their class, so a rush for large ones would take the memory from all else for ever.
pub(crate) fn take_spare(class: usize) -> Option<NonNull<u8>> {
    let memory = current()?;
    let lane = &memory.lanes[class];
    let is_spare = lane.has_some() || memory.used.get() + chunk_size(class) <= memory.budget / 2;
    is_spare.then(|| take(class)).flatten()
}

#[cold]
fn refill(memory: &Inner, lane: &Lane, class: usize) -> Option<NonNull<u8>> {
    if let Some(block) = lane.carve(class) {
        return Some(block);
    }
    let len = chunk_size(class);
    lane.extend(chunk(memory, len)?, len);
    lane.carve(class)
}

fn chunk_size(class: usize) -> usize {
    class::size_of_class(class) * class::blocks_per_chunk(class)
}

/// Gives a block back. A block of a shard that has ended is forgotten: its memory was kept for it.
///
/// # Safety
///
/// `take(class)` returned the block on this thread, and nobody uses it any more.
#[inline]
pub(crate) unsafe fn give(class: usize, block: NonNull<u8>) {
    if let Some(memory) = current() {
        memory.live.set(memory.live.get().wrapping_sub(1));
        // SAFETY: promised by the caller. A block of an earlier shard of this thread may come too: its
        // memory is mapped for ever, so it serves this lane as well as a block of its own.
        unsafe { memory.lanes[class].push(class, block, KEPT) };
    }
}

/// Something in this shard's memory outlives it: the memory is never unmapped.
pub(crate) fn keep() {
    OUTLIVED.set(true);
}

/// Zeroed memory that stays until the shard ends, counted against the budget.
pub(crate) fn map_chunk(len: usize) -> Option<NonNull<u8>> {
    chunk(current()?, len)
}

fn chunk(memory: &Inner, len: usize) -> Option<NonNull<u8>> {
    let used = within_budget(memory, len)?;
    let mapping = Mapping::new(len).ok()?;
    debug_assert_eq!(mapping.len(), len);
    let base = mapping.base();
    memory.chunks.borrow_mut().push(mapping);
    memory.used.set(used);
    Some(base)
}

/// Counts memory that was mapped elsewhere against the budget; `false` if there is no room for it.
pub(crate) fn charge(len: usize) -> bool {
    let charged = current().and_then(|memory| Some((memory, within_budget(memory, len)?)));
    charged.map(|(memory, used)| memory.used.set(used)).is_some()
}

/// What will be used with `len` bytes more.
fn within_budget(memory: &Inner, len: usize) -> Option<usize> {
    memory.used.get().checked_add(len).filter(|used| *used <= memory.budget)
}

/// What this shard's memory is used for; all zero on a thread that is no shard.
pub(crate) fn statistics() -> MemoryStatistics {
    current().map_or(MemoryStatistics { budget: 0, used: 0, live_blocks: 0 }, |memory| MemoryStatistics {
        budget: memory.budget,
        used: memory.used.get(),
        live_blocks: memory.live.get(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_came_back_is_used_again() {
        let _memory = Memory::enter(1 << 20);
        let class = class::class_of(100);
        let first = take(class).unwrap();
        // SAFETY: just taken, and not used after.
        unsafe { give(class, first) };
        let second = take(class).unwrap();
        assert_eq!(first, second);
        assert_eq!(statistics().live_blocks, 1);
        // SAFETY: as above.
        unsafe { give(class, second) };
    }

    #[test]
    fn the_budget_is_a_limit_and_not_a_crash() {
        let _memory = Memory::enter(128 << 10);
        let class = class::class_of(64 << 10);
        let blocks: Vec<_> = std::iter::from_fn(|| take(class)).collect();
        assert_eq!(blocks.len(), 2);
        assert_eq!(statistics().used, 128 << 10);
        for block in blocks {
            // SAFETY: taken above, and not used after.
            unsafe { give(class, block) };
        }
        assert!(take(class).is_some());
        assert!(take(class_of_other()).is_none());
    }

    #[test]
    fn what_is_spare_is_half_of_the_budget() {
        let _memory = Memory::enter(256 << 10);
        let class = class::class_of(64 << 10);
        let spare: Vec<_> = std::iter::from_fn(|| take_spare(class)).collect();
        assert_eq!(spare.len(), 2);
        // Who cannot do with less still gets the rest.
        let more = take(class).unwrap();
        assert!(take_spare(class).is_none());
        // SAFETY: taken above, and not used after.
        unsafe { give(class, more) };
        assert_eq!(take_spare(class), Some(more));
        for block in spare.into_iter().chain([more]) {
            // SAFETY: as above.
            unsafe { give(class, block) };
        }
    }

    fn class_of_other() -> usize {
        class::class_of(1)
    }

    #[test]
    fn a_thread_that_is_no_shard_has_no_blocks() {
        assert!(take(0).is_none());
        assert!(map_chunk(4096).is_none());
    }
}
