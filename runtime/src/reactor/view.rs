//! Views: ranges of bytes in a receive buffer, in a block of the arena, or in the program itself.
//!
//! Sixteen bytes each. Views of one block or buffer share it by a count; the last one gives it back.

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ops::Deref;
use std::ptr::NonNull;

use super::buffers;
use crate::mem::{self, class};

/// Two bits that say whose memory it is.
const KIND_SHIFT: u32 = 30;
const STATIC: u32 = 0;
const BUFFER: u32 = 1;
const BLOCK: u32 = 2;
const BUFFER_BITS: u32 = 12;

/// A range of bytes that others may share and nobody changes.
pub(crate) struct View {
    base: NonNull<u8>,
    len: u32,
    /// The kind; then for a buffer its epoch and number, for a block how far `base` is from its start.
    owner: u32,
}

/// At the start of a block with views into it.
#[repr(C)]
struct BlockHeader {
    references: Cell<u32>,
    class: u32,
}

const HEADER: usize = size_of::<BlockHeader>();

impl View {
    /// Bits of an epoch that fit a view.
    pub(super) const EPOCH_MASK: u32 = (1 << (KIND_SHIFT - BUFFER_BITS)) - 1;

    pub(crate) const fn of_static(bytes: &'static [u8]) -> View {
        assert!(bytes.len() <= u32::MAX as usize, "a static of more than 4 GiB");
        let base = NonNull::from_ref(bytes).cast();
        View { base, len: bytes.len() as u32, owner: STATIC << KIND_SHIFT }
    }

    /// The first view of a filled buffer; its count is one already.
    #[inline]
    pub(super) fn of_buffer(base: NonNull<u8>, len: u32, epoch: u32, buffer: u16) -> View {
        debug_assert!(buffer < 1 << BUFFER_BITS && epoch <= View::EPOCH_MASK);
        View { base, len, owner: BUFFER << KIND_SHIFT | epoch << BUFFER_BITS | buffer as u32 }
    }

    /// A copy of `bytes` in a block of its own; `None` when they are too many or memory is short.
    pub(crate) fn copy_of(bytes: &[u8]) -> Option<View> {
        let mut filling = Filling::new(bytes.len())?;
        filling.push(bytes);
        Some(filling.into_view())
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len as usize
    }

    #[inline]
    pub(crate) fn as_ptr(&self) -> *const u8 {
        self.base.as_ptr()
    }

    /// Keeps the first `len` bytes.
    pub(crate) fn trim(&mut self, len: usize) {
        assert!(len <= self.len(), "cannot keep {len} of {} bytes", self.len);
        self.len = len as u32;
    }

    /// Drops the first `len` bytes.
    pub(crate) fn trim_front(&mut self, len: usize) {
        assert!(len <= self.len(), "cannot drop {len} of {} bytes", self.len);
        // SAFETY: within the range, or one past its end.
        self.base = unsafe { self.base.add(len) };
        self.len -= len as u32;
        if self.kind() == BLOCK {
            self.owner += len as u32;
        }
    }

    #[inline]
    fn kind(&self) -> u32 {
        self.owner >> KIND_SHIFT
    }

    #[inline]
    fn buffer(&self) -> (u32, u16) {
        let epoch = self.owner >> BUFFER_BITS & View::EPOCH_MASK;
        (epoch, (self.owner & ((1 << BUFFER_BITS) - 1)) as u16)
    }

    /// The header of the block that this view looks into.
    fn block(&self) -> NonNull<BlockHeader> {
        debug_assert_eq!(self.kind(), BLOCK);
        let offset = (self.owner & ((1 << KIND_SHIFT) - 1)) as usize;
        // SAFETY: the offset is how far `base` has come from the start of the block.
        unsafe { self.base.sub(offset).cast() }
    }
}

impl Deref for View {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        // SAFETY: the count keeps the memory for as long as `self`, and nobody writes into it: buffers
        // go to the kernel, and blocks to the arena, only after their last view.
        unsafe { std::slice::from_raw_parts(self.base.as_ptr(), self.len as usize) }
    }
}

impl Clone for View {
    fn clone(&self) -> View {
        match self.kind() {
            BUFFER => {
                let (epoch, buffer) = self.buffer();
                buffers::retain(epoch, buffer);
            }
            BLOCK => {
                // SAFETY: `self` keeps the block alive.
                let references = unsafe { &self.block().as_ref().references };
                references.set(
                    references.get().checked_add(1).expect("fewer than four billion views share a block"),
                );
            }
            _ => {}
        }
        View { base: self.base, len: self.len, owner: self.owner }
    }
}

impl Drop for View {
    #[inline]
    fn drop(&mut self) {
        match self.kind() {
            BUFFER => {
                let (epoch, buffer) = self.buffer();
                buffers::release(epoch, buffer);
            }
            BLOCK => {
                let block = self.block();
                // SAFETY: `self` keeps the block alive; it goes with the last view.
                unsafe {
                    let references = block.as_ref().references.get() - 1;
                    block.as_ref().references.set(references);
                    if references == 0 {
                        mem::give(block.as_ref().class as usize, block.cast());
                    }
                }
            }
            _ => {}
        }
    }
}

/// A block that is being filled, and becomes a [`View`] of what was filled.
pub(crate) struct Filling {
    /// Looks at what was filled so far; the only view of its block.
    view: View,
    capacity: u32,
}

impl Filling {
    /// The most that a block holds.
    pub(crate) const CAPACITY_MAX: usize = class::BLOCK_SIZE_MAX - HEADER;

    /// How much a block of `size` bytes holds.
    pub(crate) const fn capacity_of(size: usize) -> usize {
        size - HEADER
    }

    /// An empty block for at least `capacity` bytes; `None` when memory is short, or so large a block
    /// does not exist.
    pub(crate) fn new(capacity: usize) -> Option<Filling> {
        if capacity > Filling::CAPACITY_MAX {
            return None;
        }
        let class = class::class_of(capacity + HEADER);
        let block = mem::take(class)?.cast::<BlockHeader>();
        // SAFETY: a fresh block that is larger than the header.
        let base = unsafe {
            block.write(BlockHeader { references: Cell::new(1), class: class as u32 });
            block.add(1).cast()
        };
        let view = View { base, len: 0, owner: BLOCK << KIND_SHIFT | HEADER as u32 };
        Some(Filling { view, capacity: (class::size_of_class(class) - HEADER) as u32 })
    }

    /// A view in the shape of a filling: it is full.
    pub(crate) fn whole(view: View) -> Filling {
        Filling { capacity: view.len, view }
    }

    /// Appends as much of `bytes` as fits and says how much that was.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> usize {
        let count = bytes.len().min((self.capacity - self.view.len) as usize);
        // SAFETY: the block is ours alone until it becomes a view, and `count` more bytes fit behind
        // the `len` first.
        unsafe {
            let end = self.view.base.add(self.view.len as usize);
            end.copy_from_nonoverlapping(NonNull::from(bytes).cast(), count);
        }
        self.view.len += count as u32;
        count
    }

    /// Appends what `fill` writes.
    ///
    /// # Safety
    ///
    /// `fill` has written as many bytes as it says, from the start of the room.
    pub(crate) unsafe fn fill<E>(
        &mut self,
        fill: impl FnOnce(&mut [MaybeUninit<u8>]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        // SAFETY: the block is ours alone until it becomes a view, and has this room behind the `len` first.
        let room = unsafe {
            let end = self.view.base.add(self.view.len as usize).cast();
            std::slice::from_raw_parts_mut(end.as_ptr(), self.room())
        };
        let filled = fill(room)?;
        assert!(filled <= self.room());
        self.view.len += filled as u32;
        Ok(filled)
    }

    pub(crate) fn len(&self) -> usize {
        self.view.len()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.view.len == self.capacity
    }

    /// How many bytes more it takes.
    pub(crate) fn room(&self) -> usize {
        (self.capacity - self.view.len) as usize
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.view
    }

    /// What was filled.
    pub(crate) fn into_view(self) -> View {
        self.view
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mem::Memory;

    #[test]
    fn views_of_a_block_share_it_until_the_last_is_gone() {
        let _memory = Memory::enter(1 << 20);
        let mut first = View::copy_of(b"hello, world").unwrap();
        let mut second = first.clone();
        first.trim(5);
        second.trim_front(7);
        let third = second.clone();
        drop(second);
        assert_eq!((&*first, &*third), (&b"hello"[..], &b"world"[..]));
        assert_eq!(mem::statistics().live_blocks, 1);
        drop((first, third));
        assert_eq!(mem::statistics().live_blocks, 0);
    }

    #[test]
    fn a_filling_takes_what_fits() {
        let _memory = Memory::enter(1 << 20);
        let mut filling = Filling::new(50).unwrap();
        let capacity = 64 - HEADER;
        assert_eq!(filling.push(&[1; 40]), 40);
        assert_eq!(filling.push(&[2; 40]), capacity - 40);
        assert!(filling.is_full());
        assert_eq!(filling.into_view().len(), capacity);
        assert!(Filling::new(Filling::CAPACITY_MAX + 1).is_none());
        assert!(View::copy_of(&[]).is_some_and(|empty| empty.is_empty()));
    }
}
