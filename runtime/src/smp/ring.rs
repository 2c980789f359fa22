//! A bounded queue of words from one thread to one other.
//!
//! The slots themselves say whether they are full: the producer writes into an empty one, the consumer
//! empties it. There are no shared counters, so an item costs the transfer of its own cache line and no
//! other (Giacomoni et al., "FastForward for efficient pipeline parallelism", 2008). Checked with loom.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::atomic::{AtomicUsize, Ordering};

/// A power of two of slots; zero is an empty one.
type Slots = Arc<[AtomicUsize]>;

const EMPTY: usize = 0;

/// The end that pushes.
pub(crate) struct Producer {
    slots: Slots,
    tail: Cell<usize>,
}

/// The end that pops.
pub(crate) struct Consumer {
    slots: Slots,
    head: Cell<usize>,
}

/// A ring for `capacity` items, which is a power of two.
pub(crate) fn ring(capacity: usize) -> (Producer, Consumer) {
    assert!(capacity.is_power_of_two());
    let slots: Slots = (0..capacity).map(|_| AtomicUsize::new(EMPTY)).collect();
    (Producer { slots: slots.clone(), tail: Cell::new(0) }, Consumer { slots, head: Cell::new(0) })
}

impl Producer {
    /// Adds an item, which the consumer can see at once; `false` if there is no room.
    #[inline]
    pub(crate) fn push(&self, item: NonZeroUsize) -> bool {
        let tail = self.tail.get();
        let slot = &self.slots[tail & (self.slots.len() - 1)];
        // Acquire: the consumer has read the slot before it is written again.
        if slot.load(Ordering::Acquire) != EMPTY {
            return false;
        }
        slot.store(item.get(), Ordering::Release);
        self.tail.set(tail.wrapping_add(1));
        true
    }
}

impl Consumer {
    /// Takes the oldest item.
    #[inline]
    pub(crate) fn pop(&self) -> Option<NonZeroUsize> {
        let head = self.head.get();
        let slot = &self.slots[head & (self.slots.len() - 1)];
        let item = NonZeroUsize::new(slot.load(Ordering::Acquire))?;
        slot.store(EMPTY, Ordering::Release);
        self.head.set(head.wrapping_add(1));
        Some(item)
    }

    /// Whether [`pop`](Self::pop) would return something.
    #[inline]
    pub(crate) fn has_items(&self) -> bool {
        let slot = &self.slots[self.head.get() & (self.slots.len() - 1)];
        slot.load(Ordering::Relaxed) != EMPTY
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn item(n: usize) -> NonZeroUsize {
        NonZeroUsize::new(n).unwrap()
    }

    #[test]
    fn items_come_in_order_and_only_as_many_as_fit() {
        let (producer, consumer) = ring(4);
        for round in 0..3 {
            assert!(!consumer.has_items());
            for n in 1..=4 {
                assert!(producer.push(item(n)), "round {round}");
            }
            assert!(!producer.push(item(5)) && consumer.has_items());
            for n in 1..=4 {
                assert_eq!(consumer.pop(), Some(item(n)));
            }
            assert_eq!(consumer.pop(), None);
        }
    }
}
