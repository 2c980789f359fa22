//! What operations are done for: shared objects in the arena that completions find by their address.
//!
//! Each operation in flight holds a reference, so whatever the kernel may touch inside the object stays
//! until the last completion, whoever has dropped the rest.

use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;

use super::sends::Mark;
use super::state::Reactor;
use super::view::View;
use crate::mem::{self, class};
use crate::sys::op::Completion;

/// Tokens carry a tag in bits that are zero in the address of a block.
const TAGS: usize = 4;
const _: () = assert!(TAGS <= class::BLOCK_ALIGN);

/// Something that operations are done for.
pub(crate) trait Source: Sized + 'static {
    /// One completion of the operation that was submitted with `tag`, below 4.
    ///
    /// Compiled once for each tag, in which it is a constant, if it is inlined.
    fn complete(this: &Shared<Self>, reactor: &Reactor, tag: u8, completion: Completion);

    /// The turn ends, after [`Reactor::at_end_of_turn`](super::Reactor::at_end_of_turn) asked to be told.
    fn end_of_turn(_this: Shared<Self>, _reactor: &Reactor) {}

    /// A send of [`Reactor::send_at_end`](super::Reactor::send_at_end) is over, with a count or a negated error number.
    fn sent(_this: &Shared<Self>, _reactor: &Reactor, _view: View, _result: i32) {}
}

/// A reference to a [`Source`]; the last one frees it. Stays on its shard.
pub(crate) struct Shared<T: Source> {
    inner: NonNull<Inner<T>>,
    owned: PhantomData<Inner<T>>,
}

/// The part that does not depend on the type.
pub(super) struct Header {
    vtable: &'static VTable,
    references: Cell<u32>,
    /// In a [`Line`].
    is_in_line: Cell<bool>,
    /// What the end of the turn sends of it, or has sent.
    send: Cell<Mark>,
    /// Which one that is.
    number: Cell<u16>,
    /// The next one in the line.
    next: Cell<Option<NonNull<Header>>>,
}

#[repr(C)]
struct Inner<T> {
    header: Header,
    value: T,
}

pub(super) struct VTable {
    /// One for each tag.
    complete: [unsafe fn(NonNull<Header>, &Reactor, Completion); TAGS],
    end_of_turn: unsafe fn(NonNull<Header>, &Reactor),
    pub(super) sent: unsafe fn(NonNull<Header>, &Reactor, View, i32),
    free: unsafe fn(NonNull<Header>),
}

impl Header {
    #[inline]
    pub(super) fn vtable(&self) -> &'static VTable {
        self.vtable
    }

    #[inline]
    pub(super) fn mark(&self) -> Mark {
        self.send.get()
    }

    #[inline]
    pub(super) fn number(&self) -> u16 {
        self.number.get()
    }

    #[inline]
    pub(super) fn keep_send(&self, number: u16) {
        self.send.set(Mark::Kept);
        self.number.set(number);
    }

    #[inline]
    pub(super) fn take_mark(&self) -> Mark {
        self.send.replace(Mark::None)
    }
}

impl<T: Source> Shared<T> {
    const CLASS: usize = class::class_of(size_of::<Inner<T>>());

    const VTABLE: VTable = {
        assert!(align_of::<Inner<T>>() <= class::BLOCK_ALIGN);
        VTable {
            complete: [Self::complete::<0>, Self::complete::<1>, Self::complete::<2>, Self::complete::<3>],
            end_of_turn: Self::end_of_turn,
            sent: Self::sent,
            free: Self::free,
        }
    };

    /// Moves `value` into the arena; gives it back when there is no memory.
    pub(crate) fn new(value: T) -> Result<Shared<T>, T> {
        let Some(block) = mem::take(Self::CLASS) else { return Err(value) };
        let inner = block.cast::<Inner<T>>();
        let header = Header {
            vtable: const { &Self::VTABLE },
            references: Cell::new(1),
            is_in_line: Cell::new(false),
            send: Cell::new(Mark::None),
            number: Cell::new(0),
            next: Cell::new(None),
        };
        // SAFETY: a fresh block of the class that holds an `Inner<T>`.
        unsafe { inner.write(Inner { header, value }) };
        Ok(Shared { inner, owned: PhantomData })
    }

    /// The token of an operation that is done for this object.
    #[inline]
    pub(super) fn token(&self, tag: u8) -> u64 {
        debug_assert!((tag as usize) < TAGS);
        self.inner.as_ptr().expose_provenance() as u64 | tag as u64
    }

    /// One more reference.
    #[inline]
    pub(crate) fn share(&self) -> Shared<T> {
        let references = &self.header().references;
        references.set(references.get() + 1);
        Shared { inner: self.inner, owned: PhantomData }
    }

    /// Whether the end of the turn sends something for this object, or has, and does not know yet what became of it.
    #[inline]
    pub(crate) fn has_send(&self) -> bool {
        self.header().mark() != Mark::None
    }

    /// The same; if so, [`Source::sent`] is called when it is over.
    #[inline]
    pub(crate) fn awaits_send(&self) -> bool {
        if self.has_send() {
            self.header().send.set(Mark::Awaited);
        }
        self.has_send()
    }

    /// Gives the reference away, to be taken back as one of the same kind or by [`release`].
    #[inline]
    pub(super) fn into_header(self) -> NonNull<Header> {
        ManuallyDrop::new(self).inner.cast()
    }

    /// # Safety
    ///
    /// The header came from [`into_header`](Self::into_header) of this type, once for each call.
    #[inline]
    unsafe fn from_header(header: NonNull<Header>) -> Shared<T> {
        Shared { inner: header.cast(), owned: PhantomData }
    }

    #[inline]
    pub(super) fn header(&self) -> &Header {
        // SAFETY: `self` is a reference, so the object is alive.
        unsafe { &(*self.inner.as_ptr()).header }
    }

    unsafe fn complete<const TAG: u8>(header: NonNull<Header>, reactor: &Reactor, completion: Completion) {
        // SAFETY: the vtable is reached through a live header of this type; after the last completion
        // the reference of the operation is ours.
        let this = ManuallyDrop::new(unsafe { Self::from_header(header) });
        // Twice, so that in each `more` is a constant as well.
        if completion.more() {
            T::complete(&this, reactor, TAG, completion);
        } else {
            reactor.ended();
            T::complete(&this, reactor, TAG, completion);
            drop(ManuallyDrop::into_inner(this));
        }
    }

    unsafe fn end_of_turn(header: NonNull<Header>, reactor: &Reactor) {
        // SAFETY: the vtable is reached through a live header of this type, whose reference is passed on.
        T::end_of_turn(unsafe { Self::from_header(header) }, reactor);
    }

    unsafe fn sent(header: NonNull<Header>, reactor: &Reactor, view: View, result: i32) {
        // SAFETY: as above.
        T::sent(&unsafe { Self::from_header(header) }, reactor, view, result);
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
        self.share()
    }
}

impl<T: Source> Drop for Shared<T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: this reference is alive, and gone after.
        unsafe { release(self.inner.cast()) }
    }
}

/// Gives a reference back.
///
/// # Safety
///
/// The header came from [`Shared::into_header`], once for each call.
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

/// Passes a completion to the object that its token names; the last one takes the operation's reference.
///
/// # Safety
///
/// The token is one of [`Shared::token`], whose operation kept a reference.
#[inline]
pub(super) unsafe fn dispatch(reactor: &Reactor, completion: Completion) {
    let tag = completion.token as usize & (TAGS - 1);
    let header = std::ptr::with_exposed_provenance_mut::<Header>(completion.token as usize - tag);
    // SAFETY: promised by the caller: the reference of the operation keeps the object alive.
    unsafe {
        let header = NonNull::new_unchecked(header);
        (header.as_ref().vtable.complete[tag])(header, reactor, completion);
    }
}

/// Objects that want to know when the turn ends, in the order in which they asked.
pub(super) struct Line {
    first: Cell<Option<NonNull<Header>>>,
    last: Cell<Option<NonNull<Header>>>,
}

impl Line {
    pub(super) const fn new() -> Line {
        Line { first: Cell::new(None), last: Cell::new(None) }
    }

    /// Keeps a reference, unless the object is in line already. There is one line in a thread.
    #[inline]
    pub(super) fn push<T: Source>(&self, source: &Shared<T>) {
        if source.header().is_in_line.replace(true) {
            return;
        }
        let header = source.share().into_header();
        // SAFETY: the line holds references, so its objects are alive.
        unsafe {
            header.as_ref().next.set(None);
            match self.last.replace(Some(header)) {
                Some(last) => last.as_ref().next.set(Some(header)),
                None => self.first.set(Some(header)),
            }
        }
    }

    /// Empties the line, and calls [`Source::end_of_turn`] of those who were in it.
    #[inline]
    pub(super) fn tell(&self, reactor: &Reactor) {
        self.empty(|header| {
            // SAFETY: of this header, whose reference goes with the call.
            unsafe { (header.as_ref().vtable.end_of_turn)(header, reactor) }
        });
    }

    /// Empties the line without a word.
    pub(super) fn clear(&self) {
        // SAFETY: `push` kept a reference.
        self.empty(|header| unsafe { release(header) });
    }

    /// Passes the references on, one by one.
    #[inline]
    fn empty(&self, mut each: impl FnMut(NonNull<Header>)) {
        self.last.set(None);
        let mut first = self.first.take();
        while let Some(header) = first {
            // SAFETY: as in `push`. Before the call, in which the object may come into line again, or go.
            unsafe {
                first = header.as_ref().next.get();
                header.as_ref().is_in_line.set(false);
            }
            each(header);
        }
    }
}
