//! One size class: blocks that were given back, then the unused rest of the newest chunk.

use std::cell::Cell;
use std::ptr::NonNull;

use super::class;
use crate::sys::poison::{poison, unpoison};

/// A free block; the link lies in its first bytes.
struct Free {
    next: Option<NonNull<Free>>,
}

/// The blocks of one size class.
pub(crate) struct Lane {
    free: Cell<Option<NonNull<Free>>>,
    fresh: Cell<usize>,
    end: Cell<usize>,
}

impl Lane {
    pub(crate) const fn new() -> Lane {
        Lane { free: Cell::new(None), fresh: Cell::new(0), end: Cell::new(0) }
    }

    /// A block that was in use before.
    #[inline]
    pub(crate) fn pop(&self, class: usize) -> Option<NonNull<u8>> {
        let block = self.free.get()?;
        // SAFETY: blocks on the list are free, so the link that `push` wrote is untouched.
        self.free.set(unsafe { block.as_ref().next });
        unpoison(block.as_ptr().cast(), class::size_of_class(class));
        Some(block.cast())
    }

    /// A block that was never used: its bytes are zero.
    pub(crate) fn carve(&self, class: usize) -> Option<NonNull<u8>> {
        let (block, size) = (self.fresh.get(), class::size_of_class(class));
        if block == self.end.get() {
            return None;
        }
        self.fresh.set(block + size);
        let block = std::ptr::with_exposed_provenance_mut::<u8>(block);
        unpoison(block, size);
        NonNull::new(block)
    }

    /// Whether there is a block without another chunk.
    pub(crate) fn has_some(&self) -> bool {
        self.free.get().is_some() || self.fresh.get() != self.end.get()
    }

    /// Adds a chunk to carve from; what was left of the one before is used up by then.
    pub(crate) fn extend(&self, chunk: NonNull<u8>, len: usize) {
        debug_assert_eq!(self.fresh.get(), self.end.get());
        poison(chunk.as_ptr(), len);
        let base = chunk.as_ptr().expose_provenance();
        self.fresh.set(base);
        self.end.set(base + len);
    }

    /// Takes a block back. Its first `kept` bytes may still be read, the rest is out of bounds.
    ///
    /// # Safety
    ///
    /// The block came from this lane, and nobody uses it any more.
    #[inline]
    pub(crate) unsafe fn push(&self, class: usize, block: NonNull<u8>, kept: usize) {
        let block = block.cast::<Free>();
        // SAFETY: the block is unused, large enough for the link and aligned for it.
        unsafe { block.write(Free { next: self.free.get() }) };
        poison(block.as_ptr().cast::<u8>().wrapping_add(kept), class::size_of_class(class) - kept);
        self.free.set(Some(block));
    }
}
