//! How a child that was woken gets to its parent.

use std::cell::Cell;
use std::ptr::NonNull;

use super::raw::{DROPPING, Header, QUEUED};
use super::slot::WakerSlot;

/// The part of a parent that its children know.
pub(super) struct Parent {
    /// Children that were woken, oldest first, linked through their headers.
    pub(super) first: Cell<Option<NonNull<Header>>>,
    pub(super) last: Cell<Option<NonNull<Header>>>,
    pub(super) waker: WakerSlot,
}

/// The part of a child that does not depend on its type.
#[repr(C)]
pub(super) struct Prefix {
    pub(super) header: Header,
    /// Valid as long as the child is neither DONE nor DROPPING.
    pub(super) parent: Cell<NonNull<Parent>>,
}

/// Puts a child among the woken of its parent, and wakes the parent.
///
/// # Safety
///
/// The header is that of a live child, which is neither QUEUED nor DONE.
#[cold]
pub(super) unsafe fn wake(header: &Header) {
    if header.marks.has(DROPPING) {
        return;
    }
    // SAFETY: promised by the caller; the parent ends its children before it goes.
    let parent = unsafe { NonNull::from(header).cast::<Prefix>().as_ref().parent.get().as_ref() };
    header.state.set(QUEUED);
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
    pub(super) const fn new() -> Parent {
        Parent { first: Cell::new(None), last: Cell::new(None), waker: WakerSlot::new() }
    }

    /// Takes the one that was woken first off the list.
    pub(super) fn pop(&self) -> Option<NonNull<Header>> {
        let first = self.first.get()?;
        // SAFETY: a child is not freed while it is among the woken.
        let header = unsafe { first.as_ref() };
        self.first.set(header.next.get());
        if self.first.get().is_none() {
            self.last.set(None);
        }
        header.state.clear(QUEUED);
        Some(first)
    }
}
