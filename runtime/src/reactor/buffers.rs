//! The shard's receive buffers: who has them, and what happens when there are none.
//!
//! The kernel fills buffers in the order in which it got them. A filled buffer belongs to whoever holds
//! a [`View`] into it, and goes back to the kernel with the last one. What is known of a buffer stands in
//! front of its bytes.

use std::cell::Cell;
use std::io;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::slice;

use super::view::{Head, View};
use crate::mem;
use crate::sys::buffers::{BufferRing, HEAD};
use crate::sys::driver::Driver;

/// Buffers that are given to the kernel at once, at start and whenever it runs out.
const GROUP: u16 = 128;
/// As long as the kernel has so many, others need not come back before it sleeps.
const PLENTY: u16 = GROUP / 2;

/// All receive buffers of one shard.
pub(crate) struct Buffers {
    ring: BufferRing,
    /// The driver fills them; or else there are never any.
    filled: bool,
    /// Buffers that exist.
    made: Cell<u16>,
    /// Buffers that the kernel can fill.
    available: Cell<u16>,
}

/// In front of a buffer's bytes.
#[repr(C)]
struct Buffer {
    /// No views while the kernel has it.
    head: Head,
    /// How many bytes were received, and how many of them were copied out.
    len: Cell<u32>,
    copied: Cell<u32>,
    /// In the last one of a [`Received`]: how many there are.
    count: Cell<u32>,
    /// The next one there.
    next: Cell<NonNull<Buffer>>,
}

const _: () = assert!(size_of::<Buffer>() <= HEAD);

impl Buffers {
    /// # Safety
    ///
    /// They outlive `driver`.
    pub(super) unsafe fn new(driver: &Driver) -> io::Result<Buffers> {
        let ring = BufferRing::new()?;
        // SAFETY: promised by the caller: the mapping stays where it is, and as long as what is returned.
        let filled = unsafe { driver.register_buffers(&ring)? };
        let buffers = Buffers { ring, filled, made: Cell::new(0), available: Cell::new(0) };
        if filled && !buffers.grow() {
            return Err(io::Error::new(
                io::ErrorKind::OutOfMemory,
                "the memory budget is too small for the receive buffers of a shard",
            ));
        }
        Ok(buffers)
    }

    /// Gives the kernel buffers that did not exist before; `false` at the limit.
    #[cold]
    fn grow(&self) -> bool {
        if !self.filled {
            return false;
        }
        let ring = &self.ring;
        let first = self.made.get();
        let budget = mem::statistics();
        let size = GROUP as usize * BufferRing::BUFFER_SIZE;
        // At most a quarter of the shard's memory is for data that nobody has read.
        let fits =
            (first as usize + GROUP as usize) * BufferRing::BUFFER_SIZE <= budget.budget / 4 || first == 0;
        if first + GROUP > BufferRing::ENTRIES || !fits || !mem::charge(size) {
            return false;
        }
        (first..first + GROUP).for_each(|buffer| ring.provide(buffer));
        self.made.set(first + GROUP);
        self.available.set(self.available.get() + GROUP);
        true
    }

    /// The kernel has filled a buffer.
    #[inline]
    fn filled(&self, number: u16, len: u32) -> NonNull<Buffer> {
        self.available.set(self.available.get() - 1);
        let buffer = self.buffer(number);
        let head = Head { references: Cell::new(1), place: number as u32 };
        // SAFETY: the kernel writes behind it, and nobody looks at it while the kernel has the buffer.
        unsafe {
            buffer.write(Buffer {
                head,
                len: Cell::new(len),
                copied: Cell::new(0),
                count: Cell::new(1),
                next: Cell::new(buffer),
            });
        }
        buffer
    }

    /// The kernel has filled a buffer with what nobody wants.
    pub(crate) fn discard(&self, buffer: u16) {
        self.ring.provide(buffer);
    }

    /// Whether the kernel can fill a buffer; makes some if there are none and more may be made.
    #[inline]
    pub(crate) fn has_some(&self) -> bool {
        self.available.get() > 0 || self.grow()
    }

    /// Whether the kernel does not run out soon.
    #[inline]
    pub(crate) fn are_plenty(&self) -> bool {
        self.available.get() >= PLENTY
    }

    #[inline]
    fn buffer(&self, number: u16) -> NonNull<Buffer> {
        self.ring.head(number).cast()
    }

    /// The last view into a buffer is gone.
    ///
    /// # Safety
    ///
    /// The head is that of one of these buffers, and was filled.
    #[inline]
    pub(super) unsafe fn give_back(&self, head: NonNull<Head>) {
        self.available.set(self.available.get() + 1);
        // SAFETY: promised by the caller.
        unsafe { self.ring.provide_headed(head.cast(), head.as_ref().place as u16) };
    }

    /// Views outlive the shard: what they look at stays for ever, and goes back to no kernel.
    #[cold]
    pub(super) fn keep(&self) {
        self.ring.keep();
        for number in 0..self.made.get() {
            // SAFETY: a head of zeros, or one that was written when its buffer was filled.
            let references = unsafe { &(*self.buffer(number).as_ptr()).head.references };
            if references.get() > 0 {
                references.set(references.get() + 1);
            }
        }
    }
}

impl Drop for Buffers {
    fn drop(&mut self) {
        if self.available.get() != self.made.get() {
            self.keep();
        }
    }
}

/// Filled buffers of one socket, oldest first.
#[derive(Debug)]
pub(crate) struct Received {
    /// The youngest; the next of it is the oldest, so the chain is a circle.
    last: Cell<Option<NonNull<Buffer>>>,
}

impl Received {
    pub(crate) const fn new() -> Received {
        Received { last: Cell::new(None) }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.last.get().is_none()
    }

    /// The kernel has filled a buffer with `len` bytes. Returns how many were not read.
    #[inline]
    pub(crate) fn push(&self, buffers: &Buffers, number: u16, len: u32) -> u32 {
        let buffer = buffers.filled(number, len);
        let Some(last) = self.last.replace(Some(buffer)) else { return 1 };
        // SAFETY: buffers of the chain are filled, and stay while their count is above zero.
        unsafe {
            buffer.as_ref().next.set(last.as_ref().next.replace(buffer));
            buffer.as_ref().count.set(last.as_ref().count.get() + 1);
            buffer.as_ref().count.get()
        }
    }

    #[inline]
    pub(crate) fn pop(&self) -> Option<View> {
        let last = self.last.get()?;
        // SAFETY: as in `push`; the count of what leaves the chain is that of the view.
        unsafe {
            let first = last.as_ref().next.get();
            if first == last {
                self.last.set(None);
            } else {
                last.as_ref().next.set(first.as_ref().next.get());
                last.as_ref().count.set(last.as_ref().count.get() - 1);
            }
            let copied = first.as_ref().copied.get();
            Some(View::of_buffer(first.cast(), HEAD + copied as usize, first.as_ref().len.get() - copied))
        }
    }

    /// Moves as many of the bytes as fit into `room`, and says how many those are. What does not fit stays.
    pub(crate) fn copy(&self, room: &mut [MaybeUninit<u8>]) -> usize {
        let mut filled = 0;
        while filled < room.len()
            && let Some(last) = self.last.get()
        {
            // SAFETY: as in `push`; the kernel has written `len` bytes behind the head, and nobody writes there now.
            let (first, rest) = unsafe {
                let first = last.as_ref().next.get();
                let copied = first.as_ref().copied.get() as usize;
                let bytes = first.cast::<MaybeUninit<u8>>().add(HEAD + copied);
                (first, slice::from_raw_parts(bytes.as_ptr(), first.as_ref().len.get() as usize - copied))
            };
            let count = rest.len().min(room.len() - filled);
            room[filled..filled + count].copy_from_slice(&rest[..count]);
            filled += count;
            if count == rest.len() {
                self.pop();
                continue;
            }
            // SAFETY: as above.
            let copied = unsafe { &(*first.as_ptr()).copied };
            copied.set(copied.get() + count as u32);
        }
        filled
    }
}
