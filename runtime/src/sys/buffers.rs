//! The provided-buffer ring: memory into which a driver receives without being told where.
//!
//! Buffers are numbered. The kernel takes them in the order in which they were given; a driver that fills them itself takes
//! the last one first, whose lines are still in the cache.
//! Which ones are in use, and by whom, is the business of the floor above.

use std::cell::Cell;
use std::io;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU16, Ordering};

use io_uring::types::BufRingEntry;

use crate::sys::map::Mapping;

/// The only buffer group of a shard.
pub(super) const GROUP: u16 = 0;

/// Entries of the ring, and so the most buffers there can be.
const ENTRIES: u16 = 4096;
/// Bytes that one buffer holds.
const SIZE: usize = 8192;
/// Bytes in front of each buffer, for what the floor above has to remember about it.
pub(crate) const HEAD: usize = 64;
/// Distance between two buffers. Not a power of two, or the first lines of all buffers, the ones that
/// small messages fill, would compete for a few sets of the cache.
const STRIDE: usize = HEAD + SIZE;

/// The ring that the kernel reads, and the memory of the buffers.
pub(crate) struct BufferRing {
    ring: Mapping,
    memory: ManuallyDrop<Mapping>,
    kept: Cell<bool>,
}

impl BufferRing {
    /// Maps the ring; memory is taken as buffers are touched.
    pub(crate) fn new() -> io::Result<BufferRing> {
        let ring = Mapping::new(ENTRIES as usize * size_of::<BufRingEntry>())?;
        let memory = ManuallyDrop::new(Mapping::new(ENTRIES as usize * STRIDE)?);
        Ok(BufferRing { ring, memory, kept: Cell::new(false) })
    }

    /// The most buffers there can be; a power of two.
    pub(crate) const ENTRIES: u16 = ENTRIES;

    /// Bytes that one buffer holds.
    pub(crate) const BUFFER_SIZE: usize = SIZE;

    pub(super) fn group(&self) -> u16 {
        GROUP
    }

    pub(super) fn ring_address(&self) -> u64 {
        self.ring.base().as_ptr() as u64
    }

    /// The head of a buffer, [`HEAD`] bytes in front of its first. Numbers that are too large wrap around.
    #[inline]
    pub(crate) fn head(&self, buffer: u16) -> NonNull<u8> {
        let buffer = (buffer & (ENTRIES - 1)) as usize;
        // SAFETY: the mapping holds `ENTRIES` strides, and the number is below that.
        unsafe { self.memory.base().add(buffer * STRIDE) }
    }

    /// The memory of the buffers stays for ever: somebody still looks at it.
    pub(crate) fn keep(&self) {
        self.kept.set(true);
    }

    /// The side of the ring that the kernel has with io_uring.
    ///
    /// # Safety
    ///
    /// It is used by one driver, which the ring outlives.
    pub(super) unsafe fn supply(&self) -> Supply {
        Supply { entries: self.ring.base().cast(), memory: self.memory.base() }
    }

    /// Gives a buffer to the kernel, which may fill it from now on.
    #[inline]
    pub(crate) fn provide(&self, buffer: u16) {
        // SAFETY: its head.
        unsafe { self.provide_headed(self.head(buffer), buffer) };
    }

    /// [`provide`](Self::provide), where the head is known.
    ///
    /// # Safety
    ///
    /// It is that of the buffer.
    #[inline]
    pub(crate) unsafe fn provide_headed(&self, head: NonNull<u8>, buffer: u16) {
        let address = head.as_ptr() as u64 + HEAD as u64;
        let entries = self.ring.base().cast::<BufRingEntry>();
        // SAFETY: the index is masked to the entries mapped; the kernel does not look at the entry
        // before the tail below covers it. The tail lies in a field of the first entry that the setters
        // do not touch, and the kernel only reads it.
        unsafe {
            let published = AtomicU16::from_ptr(BufRingEntry::tail(entries.as_ptr()).cast_mut());
            let tail = published.load(Ordering::Relaxed);
            let entry = entries.add((tail & (ENTRIES - 1)) as usize).as_mut();
            entry.set_addr(address);
            entry.set_len(SIZE as u32);
            entry.set_bid(buffer);
            published.store(tail.wrapping_add(1), Ordering::Release);
        }
    }
}

impl Drop for BufferRing {
    fn drop(&mut self) {
        if !self.kept.get() {
            // SAFETY: dropped once, here.
            unsafe { ManuallyDrop::drop(&mut self.memory) };
        }
    }
}

/// The buffers as a driver has them that fills them itself: a stack, for which the tail of the ring is the top.
pub(super) struct Supply {
    entries: NonNull<BufRingEntry>,
    memory: NonNull<u8>,
}

impl Supply {
    /// How many buffers there are, in front of the entries.
    fn top(&self) -> &AtomicU16 {
        // SAFETY: the ring outlives this, by the contract of `supply`, and the tail is only used as an atomic.
        unsafe { AtomicU16::from_ptr(BufRingEntry::tail(self.entries.as_ptr()).cast_mut()) }
    }

    /// The next buffer: its number, its first byte, and how many it holds. It stays the next one until it is
    /// [consumed](Self::consume), or another one comes back.
    pub(super) fn next(&self) -> Option<(u16, NonNull<u8>, usize)> {
        let last = self.top().load(Ordering::Relaxed).checked_sub(1)?;
        // SAFETY: the ring outlives this, by the contract of `supply`, and is of the same thread. There are never more
        // buffers than entries, and each one has its memory.
        unsafe {
            let buffer = self.entries.add(last as usize).as_ref().bid();
            Some((buffer, self.memory.add(buffer as usize * STRIDE + HEAD), SIZE))
        }
    }

    /// The next buffer was filled.
    pub(super) fn consume(&mut self) {
        let top = self.top();
        top.store(top.load(Ordering::Relaxed).saturating_sub(1), Ordering::Relaxed);
    }
}
