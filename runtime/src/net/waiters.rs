//! Those who wait for the same socket: its news wakes them all, and each looks for itself.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::task::Waker;

use crate::task;

/// Everybody who waits, by number.
pub(super) struct Waiters {
    waiting: RefCell<VecDeque<(u64, Waker)>>,
    /// The number of the last one that waited.
    last: Cell<u64>,
}

/// One place among the [`Waiters`], taken once it is needed.
#[derive(Default)]
pub(super) struct Place(Option<u64>);

impl Waiters {
    pub(super) fn new() -> Waiters {
        Waiters { waiting: RefCell::new(VecDeque::with_capacity(4)), last: Cell::new(0) }
    }

    /// Waits at `place`, with this waker instead of an earlier one.
    pub(super) fn wait(&self, place: &mut Place, waker: &Waker) {
        let number = *place.0.get_or_insert_with(|| {
            self.last.set(self.last.get() + 1);
            self.last.get()
        });
        let waker = waker.clone();
        let before = self.remove(number);
        self.waiting.borrow_mut().push_back((number, waker));
        // Foreign code may run when it is dropped.
        drop(before);
    }

    /// Gives the place up.
    pub(super) fn leave(&self, place: &mut Place) {
        if let Some(number) = place.0.take() {
            drop(self.remove(number));
        }
    }

    fn remove(&self, number: u64) -> Option<(u64, Waker)> {
        let mut waiting = self.waiting.borrow_mut();
        let at = waiting.iter().position(|(waiter, _)| *waiter == number)?;
        waiting.remove(at)
    }

    /// Wakes those who wait now.
    pub(super) fn wake(&self) {
        let waiting = self.waiting.borrow().len();
        for _ in 0..waiting {
            let next = self.waiting.borrow_mut().pop_front();
            next.into_iter().for_each(|(_, waker)| task::wake(waker));
        }
    }
}
