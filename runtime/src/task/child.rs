//! A child in memory, and lists of children. See `children` for its states.

use std::cell::{Cell, UnsafeCell};
use std::future::Future;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use super::busy::Busy;
use super::parent::{Parent, Prefix};
use super::raw::{CANCELLED, CHILD, DONE, LIVE, QUEUED};
use super::tasks;
use crate::mem::class;

#[repr(C)]
pub(super) struct Child<F: Future> {
    pub(super) prefix: Prefix,
    pub(super) next: Cell<Link<F>>,
    pub(super) previous: Cell<Link<F>>,
    pub(super) stage: UnsafeCell<Stage<F>>,
}

pub(super) type Link<F> = Option<NonNull<Child<F>>>;

/// One place for what a child holds, one after the other. Nothing, when it is DONE and CANCELLED.
pub(super) union Stage<F: Future> {
    pub(super) future: ManuallyDrop<F>,
    pub(super) output: ManuallyDrop<F::Output>,
}

impl<F: Future> Child<F> {
    /// Puts a future into its place; the child is alive from then on.
    ///
    /// # Safety
    ///
    /// The slot came from [`Vacant::keep`], and holds nothing.
    #[inline]
    pub(super) unsafe fn begin(slot: NonNull<Child<F>>, future: F) {
        let child = slot.as_ptr();
        // SAFETY: promised by the caller; the slot has a number and knows its parent, which stay as they are.
        unsafe {
            (&raw mut (*child).stage).cast::<F>().write(future);
            (*child).prefix.header.state.put(LIVE | CHILD);
        }
    }
}

/// Children, linked in both directions.
pub(super) struct List<F: Future> {
    pub(super) first: Cell<Link<F>>,
    pub(super) last: Cell<Link<F>>,
}

impl<F: Future> List<F> {
    const CLASS: usize = class::class_of(size_of::<Child<F>>());

    pub(super) const fn new() -> List<F> {
        List { first: Cell::new(None), last: Cell::new(None) }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.first.get().is_none()
    }

    #[inline]
    pub(super) fn push_back(&self, child: NonNull<Child<F>>) {
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

    pub(super) fn push_front(&self, child: NonNull<Child<F>>) {
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

    pub(super) fn unlink(&self, child: &Child<F>) {
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

    pub(super) fn for_each(&self, mut each: impl FnMut(&Child<F>)) {
        let mut next = self.first.get();
        while let Some(child) = next {
            // SAFETY: on the list, so alive.
            let child = unsafe { child.as_ref() };
            each(child);
            next = child.next.get();
        }
    }

    pub(super) fn take_front(&self) -> Option<F::Output> {
        let front = self.first.get()?;
        // SAFETY: on the list, so alive.
        let ended = unsafe { front.as_ref() }.prefix.header.state.has(DONE);
        // SAFETY: its output is taken once, because it leaves the list.
        if ended { unsafe { self.take(front) } } else { None }
    }

    /// Takes the output of a child, which leaves the list.
    ///
    /// # Safety
    ///
    /// The child is on the list and has ended.
    pub(super) unsafe fn take(&self, child: NonNull<Child<F>>) -> Option<F::Output> {
        // SAFETY: promised by the caller.
        let it = unsafe { child.as_ref() };
        self.unlink(it);
        let header = &it.prefix.header;
        let has_output = !header.marks.has(CANCELLED);
        // SAFETY: DONE and not CANCELLED, which it is from now on.
        let output = has_output.then(|| unsafe { ManuallyDrop::take(&mut (*it.stage.get()).output) });
        header.marks.set(CANCELLED);
        if !header.state.has(QUEUED) {
            // SAFETY: off both lists, and empty.
            unsafe { Self::free(child) };
        }
        output
    }

    /// # Safety
    ///
    /// The child is off both lists, and its stage is empty.
    pub(super) unsafe fn free(child: NonNull<Child<F>>) {
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
        let (ended, empty) = (header.state.has(DONE), header.marks.has(CANCELLED));
        header.state.set(DONE);
        header.marks.set(CANCELLED);
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
pub(super) struct Vacant<F: Future> {
    slot: NonNull<Child<F>>,
}

impl<F: Future> Vacant<F> {
    #[inline]
    pub(super) fn take() -> Result<Vacant<F>, Busy> {
        const {
            assert!(
                align_of::<Child<F>>() <= class::BLOCK_ALIGN,
                "a future among many may be aligned to 32 at most"
            );
        }
        Ok(Vacant { slot: tasks::take_child(List::<F>::CLASS)?.cast() })
    }

    #[inline]
    pub(super) fn fill(self, future: F, parent: NonNull<Parent>) -> NonNull<Child<F>> {
        let slot = self.keep(parent);
        // SAFETY: a free slot of these children.
        unsafe { Child::begin(slot, future) };
        slot
    }

    /// The slot as that of a child that has not begun; the caller has to free it.
    #[inline]
    pub(super) fn keep(self, parent: NonNull<Parent>) -> NonNull<Child<F>> {
        let slot = ManuallyDrop::new(self).slot;
        // SAFETY: a free slot of the class of these children.
        unsafe { (&raw mut (*slot.as_ptr()).prefix.parent).write(Cell::new(parent)) };
        slot
    }
}

impl<F: Future> Drop for Vacant<F> {
    fn drop(&mut self) {
        // SAFETY: taken for these children, and unused.
        unsafe { List::free(self.slot) };
    }
}
