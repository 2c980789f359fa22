//! What operations are done for: shared objects in the arena that completions find by their address.
//!
//! Each operation in flight holds a reference, so whatever the kernel may touch inside the object stays
//! until the last completion, whoever has dropped the rest.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;

use super::state::Reactor;
use crate::mem::{self, class};
use crate::sys::op::Completion;

/// Tokens carry a tag in the bits that are zero in the address of a block.
const TAGS: u64 = class::BLOCK_ALIGN as u64;

/// Something that operations are done for.
pub(crate) trait Source: Sized + 'static {
    /// One completion of the operation that was submitted with `tag`.
    fn complete(this: &Shared<Self>, reactor: &Reactor, tag: u8, completion: Completion);

    /// The turn ends, after [`Reactor::at_end_of_turn`](super::Reactor::at_end_of_turn) asked to be told.
    fn end_of_turn(_this: &Shared<Self>, _reactor: &Reactor) {}
}

/// A reference to a [`Source`]; the last one frees it. Stays on its shard.
pub(crate) struct Shared<T: Source> {
    inner: NonNull<Inner<T>>,
    owned: PhantomData<Inner<T>>,
}

/// The part that does not depend on the type.
pub(super) struct Header {
    references: Cell<u32>,
    vtable: &'static VTable,
}

#[repr(C)]
struct Inner<T> {
    header: Header,
    value: T,
}

struct VTable {
    complete: unsafe fn(NonNull<Header>, &Reactor, u8, Completion),
    end_of_turn: unsafe fn(NonNull<Header>, &Reactor),
    free: unsafe fn(NonNull<Header>),
}

impl<T: Source> Shared<T> {
    const CLASS: usize = class::class_of(size_of::<Inner<T>>());

    const VTABLE: VTable = {
        assert!(align_of::<Inner<T>>() <= class::BLOCK_ALIGN);
        VTable { complete: Self::complete, end_of_turn: Self::end_of_turn, free: Self::free }
    };

    /// Moves `value` into the arena; gives it back when there is no memory.
    pub(crate) fn new(value: T) -> Result<Shared<T>, T> {
        let Some(block) = mem::take(Self::CLASS) else { return Err(value) };
        let inner = block.cast::<Inner<T>>();
        let header = Header { references: Cell::new(1), vtable: const { &Self::VTABLE } };
        // SAFETY: a fresh block of the class that holds an `Inner<T>`.
        unsafe { inner.write(Inner { header, value }) };
        Ok(Shared { inner, owned: PhantomData })
    }

    /// The token of an operation that is done for this object.
    #[inline]
    pub(super) fn token(&self, tag: u8) -> u64 {
        debug_assert!((tag as u64) < TAGS);
        self.inner.as_ptr().expose_provenance() as u64 | tag as u64
    }

    /// Keeps a reference that [`release`] gives back.
    #[inline]
    pub(super) fn retain(&self) -> NonNull<Header> {
        let header = self.header();
        header.references.set(header.references.get() + 1);
        self.inner.cast()
    }

    fn header(&self) -> &Header {
        // SAFETY: `self` is a reference, so the object is alive.
        unsafe { &(*self.inner.as_ptr()).header }
    }

    /// Runs `act` on a borrowed reference.
    ///
    /// # Safety
    ///
    /// `header` is that of a live `Inner<T>`.
    unsafe fn borrowed(header: NonNull<Header>, act: impl FnOnce(&Shared<T>)) {
        let this = std::mem::ManuallyDrop::new(Shared { inner: header.cast(), owned: PhantomData });
        act(&this);
    }

    unsafe fn complete(header: NonNull<Header>, reactor: &Reactor, tag: u8, completion: Completion) {
        // SAFETY: the vtable is reached through a live header of this type.
        unsafe { Self::borrowed(header, |this| T::complete(this, reactor, tag, completion)) }
    }

    unsafe fn end_of_turn(header: NonNull<Header>, reactor: &Reactor) {
        // SAFETY: as above.
        unsafe { Self::borrowed(header, |this| T::end_of_turn(this, reactor)) }
    }

    unsafe fn free(header: NonNull<Header>) {
        // SAFETY: the last reference is gone, and the block was taken for this type.
        unsafe {
            header.cast::<Inner<T>>().drop_in_place();
            mem::give(Self::CLASS, header.cast());
        }
    }
}

impl<T: Source> Deref for Shared<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: as in `header`.
        unsafe { &(*self.inner.as_ptr()).value }
    }
}

impl<T: Source> Clone for Shared<T> {
    fn clone(&self) -> Shared<T> {
        // Users clone some of these, and may forget the clones: the count must not come round to zero.
        assert!(self.header().references.get() < u32::MAX / 2, "too many references to one object");
        self.retain();
        Shared { inner: self.inner, owned: PhantomData }
    }
}

impl<T: Source> Drop for Shared<T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: this reference is alive, and gone after.
        unsafe { release(self.inner.cast()) }
    }
}

/// Gives back what [`Shared::retain`] kept.
///
/// # Safety
///
/// The header came from `retain`, once for each call.
#[inline]
pub(super) unsafe fn release(header: NonNull<Header>) {
    // SAFETY: promised by the caller.
    unsafe {
        let references = header.as_ref().references.get() - 1;
        header.as_ref().references.set(references);
        if references == 0 {
            (header.as_ref().vtable.free)(header);
        }
    }
}

/// Passes a completion to the object that its token names, and gives back the operation's reference
/// after the last one.
///
/// # Safety
///
/// The token is one of [`Shared::token`], whose operation kept a reference.
#[inline]
pub(super) unsafe fn dispatch(reactor: &Reactor, completion: Completion) {
    let address = (completion.token & !(TAGS - 1)) as usize;
    let header = std::ptr::with_exposed_provenance_mut::<Header>(address);
    // SAFETY: promised by the caller: the reference of the operation keeps the object alive.
    unsafe {
        let header = NonNull::new_unchecked(header);
        let tag = (completion.token & (TAGS - 1)) as u8;
        (header.as_ref().vtable.complete)(header, reactor, tag, completion);
        if !completion.more() {
            release(header);
        }
    }
}

/// Tells the object that the turn has ended, and gives back the reference that was kept for that.
///
/// # Safety
///
/// The header came from [`Shared::retain`], whose reference this gives back.
pub(super) unsafe fn end_of_turn(header: NonNull<Header>, reactor: &Reactor) {
    // SAFETY: promised by the caller.
    unsafe {
        (header.as_ref().vtable.end_of_turn)(header, reactor);
        release(header);
    }
}
