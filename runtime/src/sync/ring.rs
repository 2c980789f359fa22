//! A row of so many places that is filled at one end and emptied at the other.

use std::cell::{Cell, UnsafeCell};
use std::mem::MaybeUninit;

/// Up to a fixed number of items, oldest first. Memory is taken once.
pub(super) struct Ring<T> {
    places: Box<[UnsafeCell<MaybeUninit<T>>]>,
    first: Cell<usize>,
    len: Cell<usize>,
}

impl<T> Ring<T> {
    /// # Panics
    ///
    /// For no places at all.
    pub(super) fn new(capacity: usize) -> Ring<T> {
        assert!(capacity > 0, "a capacity of zero lets nothing through");
        let places = (0..capacity).map(|_| UnsafeCell::new(MaybeUninit::uninit())).collect();
        Ring { places, first: Cell::new(0), len: Cell::new(0) }
    }

    #[inline]
    pub(super) fn capacity(&self) -> usize {
        self.places.len()
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len.get()
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.len.get() == 0
    }

    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.len.get() == self.places.len()
    }

    /// Adds an item, or returns it if there is no place.
    #[inline]
    pub(super) fn push(&self, item: T) -> Result<(), T> {
        if self.is_full() {
            return Err(item);
        }
        let place = self.wrapped(self.first.get() + self.len.get());
        // SAFETY: the place is inside and free, and no reference to it is ever handed out.
        unsafe { (*self.places[place].get()).write(item) };
        self.len.set(self.len.get() + 1);
        Ok(())
    }

    /// The oldest item.
    #[inline]
    pub(super) fn pop(&self) -> Option<T> {
        if self.is_empty() {
            return None;
        }
        let place = self.first.get();
        self.first.set(self.wrapped(place + 1));
        self.len.set(self.len.get() - 1);
        // SAFETY: the place was filled, and is free from now on.
        Some(unsafe { (*self.places[place].get()).assume_init_read() })
    }

    /// Below the capacity; `place` is below its double.
    #[inline]
    fn wrapped(&self, place: usize) -> usize {
        if place >= self.places.len() { place - self.places.len() } else { place }
    }
}

impl<T> Drop for Ring<T> {
    fn drop(&mut self) {
        while self.pop().is_some() {}
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
    }
}
