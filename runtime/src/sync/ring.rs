//! A row of so many places that is filled at one end and emptied at the other.

use std::cell::{Cell, UnsafeCell};
use std::mem::MaybeUninit;
use std::ptr;

/// Up to a fixed number of items, oldest first. Memory is taken once.
pub(super) struct Ring<T> {
    /// As many as a power of two, so that counters wrap by a mask.
    places: Box<[UnsafeCell<MaybeUninit<T>>]>,
    /// One less than the places.
    mask: usize,
    capacity: Cell<usize>,
    /// Items that ever came out, and that ever went in; both wrap.
    popped: Cell<usize>,
    pushed: Cell<usize>,
}

impl<T> Ring<T> {
    /// # Panics
    ///
    /// For no places at all, and for more than fit into memory.
    pub(super) fn new(capacity: usize) -> Ring<T> {
        assert!(capacity > 0, "a capacity of zero lets nothing through");
        let places = capacity.checked_next_power_of_two().expect("a capacity that fits into memory");
        let mask = places - 1;
        let places = (0..places).map(|_| UnsafeCell::new(MaybeUninit::uninit())).collect();
        Ring { places, mask, capacity: Cell::new(capacity), popped: Cell::new(0), pushed: Cell::new(0) }
    }

    /// Zero when it was closed.
    #[inline]
    pub(super) fn capacity(&self) -> usize {
        self.capacity.get()
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.pushed.get().wrapping_sub(self.popped.get())
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.pushed.get() == self.popped.get()
    }

    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.len() >= self.capacity.get()
    }

    /// Takes no more items: from now on it is full, and empty as well. What was in it goes with the result.
    pub(super) fn close(&self) -> Rest<'_, T> {
        self.capacity.set(0);
        let len = self.len();
        Rest { ring: self, first: self.popped.replace(self.pushed.get()), len }
    }

    /// Adds an item, or returns it if there is no place.
    #[inline]
    pub(super) fn push(&self, item: T) -> Result<(), T> {
        if self.is_full() {
            return Err(item);
        }
        // SAFETY: there is a place.
        unsafe { self.push_unchecked(item) };
        Ok(())
    }

    /// Adds an item.
    ///
    /// # Safety
    ///
    /// There is a place: the ring is not full.
    #[inline]
    pub(super) unsafe fn push_unchecked(&self, item: T) {
        debug_assert!(!self.is_full());
        let place = self.place(self.pushed.get());
        self.pushed.set(self.pushed.get().wrapping_add(1));
        // SAFETY: the place is free, as the caller says, and no reference to it is ever handed out.
        unsafe { (*place.get()).write(item) };
    }

    /// The oldest item.
    #[inline]
    pub(super) fn pop(&self) -> Option<T> {
        if self.is_empty() {
            return None;
        }
        // SAFETY: there is an item.
        Some(unsafe { self.pop_unchecked() })
    }

    /// The oldest item.
    ///
    /// # Safety
    ///
    /// There is one: the ring is not empty.
    #[inline]
    pub(super) unsafe fn pop_unchecked(&self) -> T {
        debug_assert!(!self.is_empty());
        let place = self.place(self.popped.get());
        self.popped.set(self.popped.get().wrapping_add(1));
        // SAFETY: the place was filled, as the caller says, and is free from now on.
        unsafe { (*place.get()).assume_init_read() }
    }

    #[inline]
    fn place(&self, count: usize) -> &UnsafeCell<MaybeUninit<T>> {
        // SAFETY: below the number of places, which is a power of two.
        unsafe { self.places.get_unchecked(count & self.mask) }
    }
}

impl<T> Drop for Ring<T> {
    fn drop(&mut self) {
        drop(self.close());
    }
}

/// The items of a ring that was closed. Dropping them may run anything.
pub(super) struct Rest<'a, T> {
    ring: &'a Ring<T>,
    first: usize,
    len: usize,
}

impl<T> Drop for Rest<'_, T> {
    fn drop(&mut self) {
        struct InPlace<T>(*mut [T]);

        impl<T> Drop for InPlace<T> {
            fn drop(&mut self) {
                // SAFETY: filled places of a ring that was closed, which nobody else looks at again.
                unsafe { self.0.drop_in_place() };
            }
        }

        let places = &self.ring.places;
        let first = self.first & (places.len() - 1);
        let to_end = self.len.min(places.len() - first);
        let part = |from: usize, len| {
            let from = UnsafeCell::raw_get(places.as_ptr().wrapping_add(from)).cast::<T>();
            InPlace(ptr::slice_from_raw_parts_mut(from, len))
        };
        // In order, and also when something of the first part panics.
        let _around_the_end = part(0, self.len - to_end);
        let _up_to_the_end = part(first, to_end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;
    use std::rc::Rc;

    #[test]
    fn it_is_a_queue_of_limited_length() {
        for capacity in 1..5 {
            let (ring, mut model) = (Ring::new(capacity), VecDeque::new());
            for step in 0..200 {
                // Longer and longer runs of pushes and pops.
                if step / (1 + step % 7) % 2 == 0 {
                    let fits = model.len() < capacity;
                    assert_eq!(ring.push(Box::new(step)).is_ok(), fits);
                    model.extend(fits.then_some(step));
                } else {
                    assert_eq!(ring.pop().map(|item| *item), model.pop_front());
                }
                assert_eq!((ring.len(), ring.is_empty()), (model.len(), model.is_empty()));
            }
        }
    }

    #[test]
    fn what_is_left_is_dropped_once() {
        let item = Rc::new(());
        let ring = Ring::new(4);
        for _ in 0..4 {
            ring.push(item.clone()).unwrap();
        }
        drop(ring.pop());
        assert_eq!(Rc::strong_count(&item), 4);
        drop(ring);
        assert_eq!(Rc::strong_count(&item), 1);
        let ring = Ring::new(3);
        ring.push(item.clone()).unwrap();
        drop(ring.close());
        assert_eq!(Rc::strong_count(&item), 1);
        assert!(ring.is_empty() && ring.is_full() && ring.push(item).is_err());
    }
}
