//! Views: ranges of bytes in a receive buffer, in a block of the arena, or in the program itself.
//!
//! Sixteen bytes each. Views of one block or buffer share it by a count; the last one gives it back.

use std::cell::Cell;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ops::Deref;
use std::ptr::NonNull;

use super::state::{self, Reactor};
use crate::mem::{self, class};

/// Two bits that say whose memory it is.
const KIND_SHIFT: u32 = 62;
const STATIC: u64 = 0;
const BUFFER: u64 = 1;
const BLOCK: u64 = 2;
/// Behind them, how far `base` is behind the head of what it looks into, unless that is static.
const DISTANCE_SHIFT: u32 = 32;
const DISTANCE_MASK: u64 = (1 << (KIND_SHIFT - DISTANCE_SHIFT)) - 1;

/// A range of bytes that others may share and nobody changes.
///
/// Two words, so that it passes in registers.
pub struct View {
    base: NonNull<u8>,
    /// The kind, the distance, and in the lower half how many bytes there are.
    span: u64,
}

/// At the start of memory that views look into.
#[repr(C)]
pub(super) struct Head {
    /// Views into it.
    pub(super) references: Cell<u32>,
    /// The class of a block, the number of a buffer.
    pub(super) place: u32,
}

const HEAD: usize = size_of::<Head>();

impl View {
    pub(crate) const fn of_static(bytes: &'static [u8]) -> View {
        assert!(bytes.len() <= u32::MAX as usize, "a static of more than 4 GiB");
        let base = NonNull::from_ref(bytes).cast();
        View { base, span: STATIC << KIND_SHIFT | bytes.len() as u64 }
    }

    /// The first view of a filled buffer, whose count is one already.
    ///
    /// # Safety
    ///
    /// `len` bytes were received `distance` behind the head, which stays while its count is above zero.
    #[inline]
    pub(super) unsafe fn of_buffer(head: NonNull<Head>, distance: usize, len: u32) -> View {
        // SAFETY: promised by the caller.
        let base = unsafe { head.cast::<u8>().add(distance) };
        View { base, span: BUFFER << KIND_SHIFT | (distance as u64) << DISTANCE_SHIFT | len as u64 }
    }

    /// A copy of `bytes` in a block of its own; `None` when they are too many or memory is short.
    pub(crate) fn copy_of(bytes: &[u8]) -> Option<View> {
        let mut filling = Filling::new(bytes.len())?;
        filling.push(bytes);
        Some(filling.into_view())
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.span as u32 as usize
    }

    #[inline]
    pub(crate) fn as_ptr(&self) -> *const u8 {
        self.base.as_ptr()
    }

    /// Keeps the first `len` bytes.
    pub(crate) fn trim(&mut self, len: usize) {
        assert!(len <= self.len(), "cannot keep {len} of {} bytes", self.len());
        self.span -= (self.len() - len) as u64;
    }

    /// Drops the first `len` bytes.
    pub(crate) fn trim_front(&mut self, len: usize) {
        assert!(len <= self.len(), "cannot drop {len} of {} bytes", self.len());
        // SAFETY: within the range, or one past its end.
        self.base = unsafe { self.base.add(len) };
        self.span -= len as u64;
        if self.kind() != STATIC {
            self.span += (len as u64) << DISTANCE_SHIFT;
        }
    }

    #[inline]
    fn kind(&self) -> u64 {
        self.span >> KIND_SHIFT
    }

    /// The head of what this view looks into.
    #[inline]
    fn head(&self) -> NonNull<Head> {
        debug_assert_ne!(self.kind(), STATIC);
        let distance = (self.span >> DISTANCE_SHIFT & DISTANCE_MASK) as usize;
        // SAFETY: the distance is how far `base` has come from the head.
        unsafe { self.base.sub(distance).cast() }
    }
}

impl Deref for View {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        // SAFETY: the count keeps the memory for as long as `self`, and nobody writes into it: buffers
        // go to the kernel, and blocks to the arena, only after their last view.
        unsafe { std::slice::from_raw_parts(self.base.as_ptr(), self.len()) }
    }
}

impl Clone for View {
    fn clone(&self) -> View {
        if self.kind() != STATIC {
            // SAFETY: `self` keeps the head alive.
            let references = unsafe { &self.head().as_ref().references };
            let more = references.get().checked_add(1);
            references.set(more.expect("fewer than four billion views share their bytes"));
        }
        View { base: self.base, span: self.span }
    }
}

impl View {
    /// One reference less; `true` if it was the last.
    #[inline]
    fn let_go(&self) -> bool {
        if self.kind() == STATIC {
            return false;
        }
        // SAFETY: `self` keeps the head alive.
        let references = unsafe { &self.head().as_ref().references };
        references.set(references.get() - 1);
        references.get() == 0
    }

    /// What it looked into goes back to where it came from. By value, so that views need not lie in memory for it.
    #[cold]
    #[inline(never)]
    fn give_back(this: ManuallyDrop<View>) {
        // SAFETY: the last view of it is gone, and a buffer's shard has not ended.
        unsafe {
            let head = this.head();
            match this.kind() {
                BUFFER => state::with(|reactor| reactor.buffers.give_back(head)).unwrap_or_default(),
                _ => mem::give(head.as_ref().place as usize, head.cast()),
            }
        }
    }

    /// Drops it, where the reactor is at hand.
    #[inline]
    pub(crate) fn release(self, reactor: &Reactor) {
        let this = ManuallyDrop::new(self);
        if this.let_go() {
            if this.kind() != BUFFER {
                return View::give_back(this);
            }
            // SAFETY: the last view of it is gone.
            unsafe { reactor.buffers.give_back(this.head()) };
        }
    }
}

impl Drop for View {
    #[inline]
    fn drop(&mut self) {
        if self.let_go() {
            View::give_back(ManuallyDrop::new(View { base: self.base, span: self.span }));
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
    pub(crate) const CAPACITY_MAX: usize = class::BLOCK_SIZE_MAX - HEAD;

    /// How much a block of `size` bytes holds.
    pub(crate) const fn capacity_of(size: usize) -> usize {
        size - HEAD
    }

    /// An empty block for at least `capacity` bytes; `None` when memory is short, or so large a block
    /// does not exist.
    pub(crate) fn new(capacity: usize) -> Option<Filling> {
        Filling::of(capacity, mem::take)
    }

    /// The same, where a smaller block does as well: `None` also when others may come to miss the memory.
    pub(crate) fn spare(capacity: usize) -> Option<Filling> {
        Filling::of(capacity, mem::take_spare)
    }

    #[inline]
    fn of(capacity: usize, take: impl FnOnce(usize) -> Option<NonNull<u8>>) -> Option<Filling> {
        if capacity > Filling::CAPACITY_MAX {
            return None;
        }
        let class = class::class_of(capacity + HEAD);
        let block = take(class)?.cast::<Head>();
        // SAFETY: a fresh block that is larger than the head.
        let base = unsafe {
            block.write(Head { references: Cell::new(1), place: class as u32 });
            block.add(1).cast()
        };
        let view = View { base, span: BLOCK << KIND_SHIFT | (HEAD as u64) << DISTANCE_SHIFT };
        Some(Filling { view, capacity: (class::size_of_class(class) - HEAD) as u32 })
    }

    /// A block for at least `capacity` bytes that begins with what is in this one; `None` as for [`new`](Self::new).
    pub(crate) fn wider(&self, capacity: usize) -> Option<Filling> {
        let mut wider = Filling::new(capacity)?;
        wider.push(self.bytes());
        Some(wider)
    }

    /// A view in the shape of a filling: it is full.
    pub(crate) fn whole(view: View) -> Filling {
        Filling { capacity: view.len() as u32, view }
    }

    /// What was filled, and how much fits in all.
    #[inline]
    pub(super) fn into_parts(self) -> (View, u32) {
        (self.view, self.capacity)
    }

    /// Of what [`into_parts`](Self::into_parts) returned.
    pub(super) fn of_parts(view: View, capacity: u32) -> Filling {
        Filling { view, capacity }
    }

    /// Appends as much of `bytes` as fits and says how much that was.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> usize {
        let count = bytes.len().min(self.room());
        // SAFETY: the block is ours alone until it becomes a view, and `count` more bytes fit behind
        // the `len` first.
        unsafe {
            let end = self.view.base.add(self.view.len());
            end.copy_from_nonoverlapping(NonNull::from(bytes).cast(), count);
        }
        self.view.span += count as u64;
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
            let end = self.view.base.add(self.view.len()).cast();
            std::slice::from_raw_parts_mut(end.as_ptr(), self.room())
        };
        let filled = fill(room)?;
        assert!(filled <= self.room());
        self.view.span += filled as u64;
        Ok(filled)
    }

    /// Appends what `write` puts into `len` bytes of room, and says how much that was.
    ///
    /// # Panics
    ///
    /// If there is no such room, or `write` says that it has written more.
    #[cfg(feature = "tls")]
    pub(crate) fn append<E>(
        &mut self,
        len: usize,
        write: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        let write = |room: &mut [MaybeUninit<u8>]| {
            let room = &mut room[..len];
            room.fill(MaybeUninit::new(0));
            // SAFETY: all of it was just set.
            let written = write(unsafe { &mut *(&raw mut *room as *mut [u8]) })?;
            assert!(written <= len);
            Ok(written)
        };
        // SAFETY: as many bytes are set, which `write` may have changed.
        unsafe { self.fill(write) }
    }

    /// What was filled, to be changed in place; nothing if others see it.
    #[cfg(feature = "tls")]
    pub(crate) fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        if self.view.kind() == STATIC {
            return None;
        }
        // SAFETY: the view keeps the head alive.
        let references = unsafe { self.view.head().as_ref().references.get() };
        // SAFETY: the only view of these bytes is borrowed for as long as the slice, and the memory is neither the
        // kernel's nor the arena's while there is one.
        (references == 1)
            .then(|| unsafe { std::slice::from_raw_parts_mut(self.view.base.as_ptr(), self.view.len()) })
    }

    /// Drops the first `len` bytes. Their room does not come back.
    #[cfg(feature = "tls")]
    pub(crate) fn trim_front(&mut self, len: usize) {
        self.view.trim_front(len);
        self.capacity -= len as u32;
    }

    pub(crate) fn len(&self) -> usize {
        self.view.len()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.room() == 0
    }

    /// How many bytes more it takes.
    pub(crate) fn room(&self) -> usize {
        self.capacity as usize - self.view.len()
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

    #[cfg(feature = "tls")]
    #[test]
    fn bytes_are_changed_only_where_nobody_else_sees_them() {
        let _memory = Memory::enter(1 << 20);
        let mut filling = Filling::new(50).unwrap();
        let room = filling.room();
        let written = filling.append(40, |room| {
            room[..5].copy_from_slice(b"hello");
            Ok::<_, ()>(5)
        });
        assert_eq!((written, filling.bytes()), (Ok(5), &b"hello"[..]));
        assert_eq!(filling.append(1, |_| Err(7)), Err(7));
        filling.bytes_mut().unwrap()[0] = b'j';
        filling.trim_front(1);
        assert_eq!((filling.bytes(), filling.room()), (&b"ello"[..], room - 5));
        assert_eq!((filling.push(&[b'!'; 100]), filling.room()), (room - 5, 0));

        let view = filling.into_view();
        let mut shared = Filling::whole(view.clone());
        assert!(shared.bytes_mut().is_none());
        drop(view);
        assert!(shared.bytes_mut().is_some());
        assert!(Filling::whole(View::of_static(b"x")).bytes_mut().is_none());
    }

    #[test]
    fn a_filling_takes_what_fits() {
        let _memory = Memory::enter(1 << 20);
        let mut filling = Filling::new(50).unwrap();
        let capacity = 64 - HEAD;
        assert_eq!(filling.push(&[1; 40]), 40);
        assert_eq!(filling.push(&[2; 40]), capacity - 40);
        assert!(filling.is_full());
        assert_eq!(filling.into_view().len(), capacity);
        assert!(Filling::new(Filling::CAPACITY_MAX + 1).is_none());
        assert!(View::copy_of(&[]).is_some_and(|empty| empty.is_empty()));
    }
}
