//! Children: many futures that are polled by one, each only when it was woken itself.
//!
//! ```text
//!   start        poll: ready               take_front
//!  -------> LIVE -----------> DONE, output ----------> (free), or CANCELLED until it is off the woken
//!            |
//!            +--> QUEUED, set by a wake: among the woken of its parent, whose fiber is woken as well
//! ```
//!
//! A child lies in a slot among the fibers, so that its waker is a number too and may go anywhere. But it
//! runs only within a poll of its parent, so it may borrow what the parent may, and the parent's drop is
//! the end of all its children.

use std::cell::{Cell, UnsafeCell};
use std::future::Future;
use std::marker::PhantomPinned;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

use super::raw::{CANCELLED, CHILD, DONE, DROPPING, Header, LIVE, QUEUED};
use super::slot::WakerSlot;
use super::tasks::{self, Busy};
use crate::mem::class;

/// The part of a parent that its children know.
struct Parent {
    /// Children that were woken, oldest first, linked through their headers.
    first: Cell<Option<NonNull<Header>>>,
    last: Cell<Option<NonNull<Header>>>,
    waker: WakerSlot,
}

/// The part of a child that does not depend on its type.
#[repr(C)]
struct Prefix {
    header: Header,
    /// Valid as long as the child is neither DONE nor DROPPING.
    parent: Cell<NonNull<Parent>>,
}

#[repr(C)]
struct Child<F: Future> {
    prefix: Prefix,
    next: Cell<Link<F>>,
    previous: Cell<Link<F>>,
    stage: UnsafeCell<Stage<F>>,
}

type Link<F> = Option<NonNull<Child<F>>>;

/// One place for what a child holds, one after the other. Nothing, when it is DONE and CANCELLED.
union Stage<F: Future> {
    future: ManuallyDrop<F>,
    output: ManuallyDrop<F::Output>,
}

/// Puts a child among the woken of its parent, and wakes the parent.
///
/// # Safety
///
/// The header is that of a live child, which is neither QUEUED nor DONE.
#[cold]
pub(super) unsafe fn wake(header: &Header) {
    if header.is(DROPPING) {
        return;
    }
    // SAFETY: promised by the caller; the parent ends its children before it goes.
    let parent = unsafe { NonNull::from(header).cast::<Prefix>().as_ref().parent.get().as_ref() };
    header.set(QUEUED);
    header.next.set(None);
    let this = NonNull::from(header);
    match parent.last.replace(Some(this)) {
        // SAFETY: a child is not freed while it is among the woken.
        Some(last) => unsafe { last.as_ref() }.next.set(Some(this)),
        None => parent.first.set(Some(this)),
    }
    // Last, because a foreign waker may do anything.
    parent.waker.wake();
}

impl Parent {
    fn pop(&self) -> Option<NonNull<Header>> {
        let first = self.first.get()?;
        // SAFETY: a child is not freed while it is among the woken.
        let header = unsafe { first.as_ref() };
        self.first.set(header.next.get());
        if self.first.get().is_none() {
            self.last.set(None);
        }
        header.clear(QUEUED);
        Some(first)
    }
}

/// Futures that run within one other. Part of that one, pinned with it.
///
/// Outputs are taken from the front: in the order in which the children were started if `ORDERED`, and in the order
/// in which they ended if not (provided that each is taken before the next child is polled).
pub(crate) struct Children<F: Future, const ORDERED: bool> {
    parent: Parent,
    list: List<F>,
    running: Cell<usize>,
    _pinned: PhantomPinned,
}

impl<F: Future, const ORDERED: bool> Children<F, ORDERED> {
    pub(crate) const fn new() -> Children<F, ORDERED> {
        let parent = Parent { first: Cell::new(None), last: Cell::new(None), waker: WakerSlot::new() };
        Children { parent, list: List::new(), running: Cell::new(0), _pinned: PhantomPinned }
    }

    /// How many have not ended.
    #[inline]
    pub(crate) fn running(&self) -> usize {
        self.running.get()
    }

    /// Makes a child in its place, and polls it for the first time.
    #[inline]
    pub(crate) fn start(self: Pin<&Self>, make: impl FnOnce() -> F) -> Result<(), Busy> {
        let slot = Vacant::<F>::take()?;
        let future = make();
        let child = slot.fill(future, NonNull::from(&self.parent));
        self.list.push_back(child);
        self.running.set(self.running.get() + 1);
        self.poll_child(child);
        Ok(())
    }

    /// Polls those that have been woken until now, oldest first, and calls `after` after each. Stops early, to
    /// go on in the parent's next poll, when `enough` says so.
    pub(crate) fn poll_woken(
        self: Pin<&Self>,
        context: &mut Context<'_>,
        mut after: impl FnMut(),
        mut enough: impl FnMut() -> bool,
    ) {
        self.parent.waker.set(context.waker());
        // Those that wake meanwhile, themselves perhaps, wait for the next poll.
        let Some(last) = self.parent.last.get() else { return };
        while let Some(woken) = self.parent.pop() {
            // SAFETY: among the woken of these children, so of this type.
            let header = unsafe { woken.as_ref() };
            if !header.is(DONE) {
                self.poll_child(woken.cast());
                after();
            } else if header.is(CANCELLED) {
                // SAFETY: its output was taken, and it is off both lists.
                unsafe { List::<F>::free(woken.cast()) };
            }
            if woken == last {
                return;
            }
            if enough() {
                return self.parent.waker.wake();
            }
        }
    }

    /// Whether [`take_front`](Self::take_front) has something to take.
    pub(crate) fn front_has_ended(&self) -> bool {
        // SAFETY: on the list, so alive.
        self.list.first.get().is_some_and(|front| unsafe { front.as_ref() }.prefix.header.is(DONE))
    }

    /// Takes the output of the first child, if that has ended.
    #[inline]
    pub(crate) fn take_front(&self) -> Option<F::Output> {
        self.list.take_front()
    }

    /// Takes all children, which have ended.
    pub(crate) fn take_all(&self) -> Outputs<F> {
        assert_eq!(self.running(), 0);
        self.forget_woken();
        Outputs {
            list: List { first: Cell::new(self.list.first.take()), last: Cell::new(self.list.last.take()) },
        }
    }

    /// Polls a child that has not ended.
    fn poll_child(&self, child: NonNull<Child<F>>) {
        // SAFETY: on the list, so alive and of this type.
        let it = unsafe { child.as_ref() };
        let header = &it.prefix.header;
        let waker = ManuallyDrop::new(header.number().waker());
        let mut context = Context::from_waker(&waker);
        // SAFETY: not DONE, so the stage holds the future; it never moves from there, and nobody else
        // refers to it while it is polled.
        let polled = unsafe { Pin::new_unchecked(&mut *(*it.stage.get()).future) }.poll(&mut context);
        let Poll::Ready(output) = polled else { return };
        // If dropping the future panics, there is nothing left to drop.
        header.set(DONE | CANCELLED);
        // SAFETY: the future has ended, and makes room for its output.
        unsafe {
            ManuallyDrop::drop(&mut (*it.stage.get()).future);
            (*it.stage.get()).output = ManuallyDrop::new(output);
        }
        header.clear(CANCELLED);
        self.running.set(self.running.get() - 1);
        if !ORDERED {
            self.list.unlink(it);
            self.list.push_front(child);
        }
    }

    /// Empties the list of the woken.
    fn forget_woken(&self) {
        while let Some(woken) = self.parent.pop() {
            // SAFETY: a child is not freed while it is among the woken.
            if unsafe { woken.as_ref() }.is(CANCELLED) {
                // SAFETY: its output was taken, and it is off both lists.
                unsafe { List::<F>::free(woken.cast()) };
            }
        }
    }
}

impl<F: Future, const ORDERED: bool> Drop for Children<F, ORDERED> {
    fn drop(&mut self) {
        // From here on no wake finds its way to the parent. The list then drops the rest.
        self.list.for_each(|child| child.prefix.header.set(DROPPING));
        self.forget_woken();
    }
}

/// What the children have come to, in the order in which they were started.
pub(crate) struct Outputs<F: Future> {
    list: List<F>,
}

impl<F: Future> Outputs<F> {
    /// Takes the first output for which `wanted` says so.
    pub(crate) fn take_first(&self, mut wanted: impl FnMut(&F::Output) -> bool) -> Option<F::Output> {
        let mut next = self.list.first.get();
        while let Some(child) = next {
            // SAFETY: on the list, so alive; it has ended, and its output was not taken.
            unsafe {
                next = child.as_ref().next.get();
                if wanted(&(*child.as_ref().stage.get()).output) {
                    return self.list.take(child);
                }
            }
        }
        None
    }
}

impl<F: Future> Iterator for Outputs<F> {
    type Item = F::Output;

    #[inline]
    fn next(&mut self) -> Option<F::Output> {
        self.list.take_front()
    }
}

/// Children, linked in both directions.
struct List<F: Future> {
    first: Cell<Link<F>>,
    last: Cell<Link<F>>,
}

impl<F: Future> List<F> {
    const CLASS: usize = class::class_of(size_of::<Child<F>>());

    const fn new() -> List<F> {
        List { first: Cell::new(None), last: Cell::new(None) }
    }

    fn push_back(&self, child: NonNull<Child<F>>) {
        let last = self.last.replace(Some(child));
        // SAFETY: what is or comes on the list is alive.
        unsafe {
            child.as_ref().previous.set(last);
            child.as_ref().next.set(None);
            match last {
                Some(last) => last.as_ref().next.set(Some(child)),
                None => self.first.set(Some(child)),
            }
        }
    }

    fn push_front(&self, child: NonNull<Child<F>>) {
        let first = self.first.replace(Some(child));
        // SAFETY: what is or comes on the list is alive.
        unsafe {
            child.as_ref().next.set(first);
            child.as_ref().previous.set(None);
            match first {
                Some(first) => first.as_ref().previous.set(Some(child)),
                None => self.last.set(Some(child)),
            }
        }
    }

    fn unlink(&self, child: &Child<F>) {
        let (next, previous) = (child.next.get(), child.previous.get());
        // SAFETY: neighbours on the list are alive.
        unsafe {
            match previous {
                Some(previous) => previous.as_ref().next.set(next),
                None => self.first.set(next),
            }
            match next {
                Some(next) => next.as_ref().previous.set(previous),
                None => self.last.set(previous),
            }
        }
    }

    fn for_each(&self, mut each: impl FnMut(&Child<F>)) {
        let mut next = self.first.get();
        while let Some(child) = next {
            // SAFETY: on the list, so alive.
            let child = unsafe { child.as_ref() };
            each(child);
            next = child.next.get();
        }
    }

    fn take_front(&self) -> Option<F::Output> {
        let front = self.first.get()?;
        // SAFETY: on the list, so alive.
        let ended = unsafe { front.as_ref() }.prefix.header.is(DONE);
        // SAFETY: its output is taken once, because it leaves the list.
        if ended { unsafe { self.take(front) } } else { None }
    }

    /// Takes the output of a child, which leaves the list.
    ///
    /// # Safety
    ///
    /// The child is on the list and has ended.
    unsafe fn take(&self, child: NonNull<Child<F>>) -> Option<F::Output> {
        // SAFETY: promised by the caller.
        let it = unsafe { child.as_ref() };
        self.unlink(it);
        let header = &it.prefix.header;
        let has_output = !header.is(CANCELLED);
        // SAFETY: DONE and not CANCELLED, which it is from now on.
        let output = has_output.then(|| unsafe { ManuallyDrop::take(&mut (*it.stage.get()).output) });
        header.set(CANCELLED);
        if !header.is(QUEUED) {
            // SAFETY: off both lists, and empty.
            unsafe { Self::free(child) };
        }
        output
    }

    /// # Safety
    ///
    /// The child is off both lists, and its stage is empty.
    unsafe fn free(child: NonNull<Child<F>>) {
        // SAFETY: promised by the caller.
        unsafe { tasks::give_child(child.cast(), Self::CLASS) };
    }

    /// Drops what is left, and goes on when something of it panics.
    fn clear(&self) {
        struct Rest<'a, F: Future>(&'a List<F>);

        impl<F: Future> Drop for Rest<'_, F> {
            fn drop(&mut self) {
                while let Some(child) = self.0.first.get() {
                    self.0.clear_one(child);
                }
            }
        }

        let rest = Rest(self);
        while let Some(child) = self.first.get() {
            self.clear_one(child);
        }
        drop(rest);
    }

    fn clear_one(&self, child: NonNull<Child<F>>) {
        /// Frees the slot when what was in it is gone.
        struct Slot<F: Future>(NonNull<Child<F>>);

        impl<F: Future> Drop for Slot<F> {
            fn drop(&mut self) {
                // SAFETY: off the list of children by now, and off that of the woken before.
                unsafe { List::free(self.0) };
            }
        }

        // SAFETY: on the list, so alive.
        let it = unsafe { child.as_ref() };
        self.unlink(it);
        let _slot = Slot(child);
        let header = &it.prefix.header;
        let (ended, empty) = (header.is(DONE), header.is(CANCELLED));
        header.set(DONE | CANCELLED);
        // SAFETY: the flags said what the stage holds, and say now that it is empty.
        unsafe {
            match (ended, empty) {
                (false, _) => ManuallyDrop::drop(&mut (*it.stage.get()).future),
                (true, false) => ManuallyDrop::drop(&mut (*it.stage.get()).output),
                (true, true) => {}
            }
        }
    }
}

impl<F: Future> Drop for List<F> {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A slot that holds nothing yet; given back if its future is never made.
struct Vacant<F: Future> {
    slot: NonNull<Child<F>>,
}

impl<F: Future> Vacant<F> {
    #[inline]
    fn take() -> Result<Vacant<F>, Busy> {
        const {
            assert!(
                align_of::<Child<F>>() <= class::BLOCK_ALIGN,
                "a future among many may be aligned to 32 at most"
            );
        }
        Ok(Vacant { slot: tasks::take_child(List::<F>::CLASS)?.cast() })
    }

    #[inline]
    fn fill(self, future: F, parent: NonNull<Parent>) -> NonNull<Child<F>> {
        let slot = ManuallyDrop::new(self).slot;
        let child = slot.as_ptr();
        // SAFETY: a free slot of the class of these children, which has a number; the header stays as it is.
        unsafe {
            (&raw mut (*child).prefix.parent).write(Cell::new(parent));
            (&raw mut (*child).stage).cast::<F>().write(future);
            (*child).prefix.header.state.set(LIVE | CHILD);
        }
        slot
    }
}

impl<F: Future> Drop for Vacant<F> {
    fn drop(&mut self) {
        // SAFETY: taken for these children, and unused.
        unsafe { List::free(self.slot) };
    }
}
