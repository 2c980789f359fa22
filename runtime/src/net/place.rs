//! A cell for what is there or not.

use std::cell::Cell;
use std::mem;

/// `Cell<Option<T>>`, without the code that drops an old value where there is none.
pub(super) struct Place<T>(Cell<Option<T>>);

impl<T> Place<T> {
    pub(super) const fn empty() -> Place<T> {
        Place(Cell::new(None))
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        // SAFETY: the cell is of this thread, and the reference ends with the expression.
        unsafe { (*self.0.as_ptr()).is_none() }
    }

    #[inline]
    pub(super) fn take(&self) -> Option<T> {
        self.0.take()
    }

    /// Fills an empty place.
    #[inline]
    pub(super) fn put(&self, value: T) {
        debug_assert!(self.is_empty());
        mem::forget(self.0.replace(Some(value)));
    }
}
