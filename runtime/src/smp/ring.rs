//! A bounded queue of words from one thread to one other.
//!
//! The classic single-producer single-consumer ring (Lamport 1983), with both ends working in batches:
//! what is pushed becomes visible with `publish`, what is popped becomes room with `release`, so that
//! the two cores exchange a cache line for a batch and not for an item. Checked with loom.

use std::cell::Cell;
use std::sync::Arc;

use crate::atomic::{AtomicUsize, Ordering, UnsafeCell};

/// The part that both ends see.
struct Shared {
    /// Items taken so far; written by the consumer.
    head: Line,
    /// Items published so far; written by the producer.
    tail: Line,
    /// A power of two of them.
    slots: Box<[UnsafeCell<usize>]>,
}

/// A counter on a cache line of its own. Two lines: the prefetcher fetches them in pairs.
#[repr(align(128))]
struct Line(AtomicUsize);

// SAFETY: a slot is written by the producer before `tail` covers it, and read by the consumer before
// `head` has passed it; the release and acquire of those counters order the two.
unsafe impl Sync for Shared {}
// SAFETY: the slots are plain words.
unsafe impl Send for Shared {}

/// The end that pushes.
pub(crate) struct Producer {
    shared: Arc<Shared>,
    tail: Cell<usize>,
    published: Cell<usize>,
    /// The last `head` seen; the real one is this or later.
    head: Cell<usize>,
}

/// The end that pops.
pub(crate) struct Consumer {
    shared: Arc<Shared>,
    head: Cell<usize>,
    released: Cell<usize>,
    /// The last `tail` seen.
    tail: Cell<usize>,
}

/// A ring for `capacity` items, which is a power of two.
pub(crate) fn ring(capacity: usize) -> (Producer, Consumer) {
    assert!(capacity.is_power_of_two());
    let shared = Arc::new(Shared {
        head: Line(AtomicUsize::new(0)),
        tail: Line(AtomicUsize::new(0)),
        slots: (0..capacity).map(|_| UnsafeCell::new(0)).collect(),
    });
    let producer =
        Producer { shared: shared.clone(), tail: Cell::new(0), published: Cell::new(0), head: Cell::new(0) };
    (producer, Consumer { shared, head: Cell::new(0), released: Cell::new(0), tail: Cell::new(0) })
}

impl Producer {
    /// Adds an item; `false` if there is no room.
    #[inline]
    pub(crate) fn push(&self, item: usize) -> bool {
        let (tail, slots) = (self.tail.get(), &self.shared.slots);
        if tail.wrapping_sub(self.head.get()) == slots.len() {
            self.head.set(self.shared.head.0.load(Ordering::Acquire));
            if tail.wrapping_sub(self.head.get()) == slots.len() {
                return false;
            }
        }
        // SAFETY: not published, so the consumer does not read it; released, so it no longer does.
        slots[tail & (slots.len() - 1)].with_mut(|slot| unsafe { *slot = item });
        self.tail.set(tail.wrapping_add(1));
        true
    }

    /// Lets the consumer see what was pushed; `false` if that was nothing.
    #[inline]
    pub(crate) fn publish(&self) -> bool {
        let tail = self.tail.get();
        if self.published.replace(tail) == tail {
            return false;
        }
        self.shared.tail.0.store(tail, Ordering::Release);
        true
    }
}

impl Consumer {
    /// Takes the oldest item.
    #[inline]
    pub(crate) fn pop(&self) -> Option<usize> {
        let (head, slots) = (self.head.get(), &self.shared.slots);
        if head == self.tail.get() {
            self.tail.set(self.shared.tail.0.load(Ordering::Acquire));
            if head == self.tail.get() {
                return None;
            }
        }
        // SAFETY: published and not yet released, so the producer does not write it.
        let item = slots[head & (slots.len() - 1)].with(|slot| unsafe { *slot });
        self.head.set(head.wrapping_add(1));
        Some(item)
    }

    /// Lets the producer reuse the room of what was popped.
    #[inline]
    pub(crate) fn release(&self) {
        let head = self.head.get();
        if self.released.replace(head) != head {
            self.shared.head.0.store(head, Ordering::Release);
        }
    }

    /// Whether [`pop`](Self::pop) would return something.
    #[inline]
    pub(crate) fn has_items(&self) -> bool {
        self.head.get() != self.tail.get() || self.head.get() != self.shared.tail.0.load(Ordering::Relaxed)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn items_come_in_order_and_only_when_published() {
        let (producer, consumer) = ring(4);
        assert!(producer.push(1) && producer.push(2));
        assert!(consumer.pop().is_none() && !consumer.has_items());
        assert!(producer.publish() && !producer.publish());
        assert!(consumer.has_items());
        assert_eq!((consumer.pop(), consumer.pop(), consumer.pop()), (Some(1), Some(2), None));
    }

    #[test]
    fn room_comes_back_only_when_released() {
        let (producer, consumer) = ring(2);
        for round in 0..5 {
            assert!(producer.push(round) && producer.push(round) && !producer.push(round));
            producer.publish();
            assert!(consumer.pop().is_some() && consumer.pop().is_some());
            assert!(!producer.push(9), "round {round}");
            consumer.release();
        }
    }
}
