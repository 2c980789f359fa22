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

use std::cell::Cell;
use std::future::Future;
use std::marker::PhantomPinned;
use std::mem::{ManuallyDrop, forget, needs_drop};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

use super::busy::Busy;
use super::child::{Child, List, Vacant};
use super::parent::Parent;
use super::raw::{CANCELLED, DONE, DROPPING, QUEUED};

/// Futures that run within one other. Part of that one, pinned with it.
///
/// Outputs are taken from the front: in the order in which the children were started if `ORDERED`, and in the order
/// in which they ended if not (provided that each is taken before the next child is polled).
pub(crate) struct Children<F: Future, const ORDERED: bool> {
    parent: Parent,
    list: List<F>,
    running: Cell<usize>,
    /// A slot for the next one, where that has its first poll. Holds nothing outside of [`start_or_end`](Self::start_or_end).
    spare: Cell<Option<NonNull<Child<F>>>>,
    _pinned: PhantomPinned,
}

impl<F: Future, const ORDERED: bool> Children<F, ORDERED> {
    pub(crate) const fn new() -> Children<F, ORDERED> {
        Children {
            parent: Parent::new(),
            list: List::new(),
            running: Cell::new(0),
            spare: Cell::new(None),
            _pinned: PhantomPinned,
        }
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
        self.link(child);
        self.poll_child(child);
        Ok(())
    }

    /// Makes a child in its place, and polls it for the first time. Returns the output of one that has ended, unless others
    /// come before it; then it is taken from the front in its turn.
    #[inline]
    pub(crate) fn start_or_end(
        self: Pin<&Self>,
        make: impl FnOnce() -> F,
    ) -> Result<Option<F::Output>, Busy> {
        /// A child that is on the list from now on, also when it panics.
        struct Linked<'a, F: Future, const ORDERED: bool>(&'a Children<F, ORDERED>, NonNull<Child<F>>);

        impl<F: Future, const ORDERED: bool> Drop for Linked<'_, F, ORDERED> {
            #[inline]
            fn drop(&mut self) {
                self.0.spare.set(None);
                self.0.link(self.1);
            }
        }

        let child = match self.spare.get() {
            Some(slot) => slot,
            None => self.take_spare()?,
        };
        let future = make();
        // SAFETY: taken for these children, and unused.
        unsafe { Child::begin(child, future) };
        let linked = Linked(self.get_ref(), child);
        let Poll::Ready(output) = poll(child) else { return Ok(None) };
        if ORDERED && !self.list.is_empty() {
            drop(linked);
            self.end(child, output);
            return Ok(None);
        }
        forget(linked);
        // SAFETY: never on the list, so alive.
        let header = unsafe { &child.as_ref().prefix.header };
        if header.state.has(QUEUED) {
            // It is freed from the list of the woken.
            header.state.set(DONE);
            header.marks.put(CANCELLED);
            self.spare.set(None);
        } else {
            header.end();
        }
        Ok(Some(output))
    }

    #[inline]
    fn take_spare(&self) -> Result<NonNull<Child<F>>, Busy> {
        let slot = Vacant::take()?.keep(NonNull::from(&self.parent));
        self.spare.set(Some(slot));
        Ok(slot)
    }

    #[inline]
    fn link(&self, child: NonNull<Child<F>>) {
        self.list.push_back(child);
        self.running.set(self.running.get() + 1);
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
            if !header.state.has(DONE) {
                self.poll_child(woken.cast());
                after();
            } else if header.marks.has(CANCELLED) {
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
        self.list.first.get().is_some_and(|front| unsafe { front.as_ref() }.prefix.header.state.has(DONE))
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
    #[inline]
    fn poll_child(&self, child: NonNull<Child<F>>) {
        if let Poll::Ready(output) = poll(child) {
            self.end(child, output);
        }
    }

    /// Keeps the output of a child on the list, which has just ended.
    fn end(&self, child: NonNull<Child<F>>, output: F::Output) {
        // SAFETY: on the list, so alive and of this type.
        let it = unsafe { child.as_ref() };
        // SAFETY: its future is gone, and makes room for its output.
        unsafe { (*it.stage.get()).output = ManuallyDrop::new(output) };
        it.prefix.header.state.set(DONE);
        it.prefix.header.marks.clear(CANCELLED);
        self.running.set(self.running.get() - 1);
        if !ORDERED && it.previous.get().is_some() {
            self.list.unlink(it);
            self.list.push_front(child);
        }
    }

    /// Empties the list of the woken.
    fn forget_woken(&self) {
        while let Some(woken) = self.parent.pop() {
            // SAFETY: a child is not freed while it is among the woken.
            if unsafe { woken.as_ref() }.marks.has(CANCELLED) {
                // SAFETY: its output was taken, and it is off both lists.
                unsafe { List::<F>::free(woken.cast()) };
            }
        }
    }
}

impl<F: Future, const ORDERED: bool> Drop for Children<F, ORDERED> {
    fn drop(&mut self) {
        // From here on no wake finds its way to the parent. The list then drops the rest.
        self.list.for_each(|child| child.prefix.header.marks.set(DROPPING));
        self.forget_woken();
        if let Some(slot) = self.spare.take() {
            // SAFETY: taken for these children, and unused.
            unsafe { List::free(slot) };
        }
    }
}

/// Polls a child that has not ended. When it has, its stage is empty; it is DONE and CANCELLED if its future had to be dropped,
/// and otherwise the caller sees to that.
#[inline]
fn poll<F: Future>(child: NonNull<Child<F>>) -> Poll<F::Output> {
    // SAFETY: started and not taken, so alive and of this type.
    let it = unsafe { child.as_ref() };
    let header = &it.prefix.header;
    let waker = ManuallyDrop::new(header.number().waker());
    let mut context = Context::from_waker(&waker);
    // SAFETY: not DONE, so the stage holds the future; it never moves from there, and nobody else
    // refers to it while it is polled.
    let polled = unsafe { Pin::new_unchecked(&mut *(*it.stage.get()).future) }.poll(&mut context);
    if polled.is_ready() && needs_drop::<F>() {
        // First, because if dropping the future panics, there is nothing left to drop.
        header.state.set(DONE);
        header.marks.put(CANCELLED);
        // SAFETY: the future has ended.
        unsafe { ManuallyDrop::drop(&mut (*it.stage.get()).future) };
    }
    polled
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
