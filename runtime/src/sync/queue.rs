//! A queue of limited length between any number of fibers.

mod waits;

use std::cell::Cell;
use std::fmt;

use self::waits::{Filled, Popping, Pushing, Roomy};
use super::list::{List, State};
use super::queue_error::{QueueError, Rejected};
use super::ring::Ring;
use super::wait::Wait;

/// Items that fibers of one shard pass on, so many at most at a time (Q-1).
///
/// Items come out in the order in which they were pushed, those that had to wait for a place included; who waits for items
/// is woken in order. Memory is taken when the queue is made, and never again.
///
/// ```
/// use seastar::sync::Queue;
/// use std::rc::Rc;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let queue = Rc::new(Queue::new(2));
///     let source = queue.clone();
///     drop(seastar::spawn(async move {
///         for n in 0..10 {
///             source.push(n).await.unwrap();
///         }
///     }));
///     for n in 0..10 {
///         assert_eq!(queue.pop().await, Ok(n));
///     }
/// }
/// ```
pub struct Queue<T> {
    ring: Ring<T>,
    /// Items that belong to those who were woken to take them.
    promised: Cell<usize>,
    aborted: Cell<bool>,
    pushers: List<Offer<T>>,
    poppers: List<Demand>,
}

/// What somebody waits with for a place.
pub enum Offer<T> {
    Item(T),
    /// Only to know that there is a place.
    Nothing,
    /// The item is in the queue.
    Taken,
}

/// What somebody waits for.
#[derive(Clone, Copy)]
pub enum Demand {
    Item,
    /// Only to know that there is an item.
    News,
}

impl<T> Queue<T> {
    /// An empty queue for up to `capacity` items.
    ///
    /// # Panics
    ///
    /// For a capacity of zero.
    pub fn new(capacity: usize) -> Queue<T> {
        Queue {
            ring: Ring::new(capacity),
            promised: Cell::new(0),
            aborted: Cell::new(false),
            pushers: List::new(),
            poppers: List::new(),
        }
    }

    /// Adds `item` as soon as there is a place. Dropping the future drops the item, unless it is in already.
    ///
    /// # Errors
    ///
    /// [`Rejected`], which holds the item, once the queue is [aborted](Self::abort) or the wait is
    /// [given up](super::Limit).
    #[inline]
    pub fn push(&self, item: T) -> Wait<Pushing<'_, T>> {
        Wait::new(Pushing(self), Offer::Item(item))
    }

    /// Takes the oldest item as soon as there is one. Dropping the future leaves the item to the next.
    ///
    /// # Errors
    ///
    /// [`QueueError::Closed`] once the queue is [aborted](Self::abort), and why the wait was [given up](super::Limit).
    #[inline]
    pub fn pop(&self) -> Wait<Popping<'_, T>> {
        Wait::new(Popping(self), Demand::Item)
    }

    /// Adds `item` if there is a place and nobody waits for one.
    ///
    /// # Errors
    ///
    /// [`Rejected`], which holds the item and why: [`Full`](QueueError::Full), or [`Closed`](QueueError::Closed) once the queue is [aborted](Self::abort).
    ///
    /// ```
    /// use seastar::sync::{Queue, QueueError};
    ///
    /// let queue = Queue::new(1);
    /// queue.try_push("a").unwrap();
    /// let rejected = queue.try_push("b").unwrap_err();
    /// assert_eq!((rejected.item, rejected.why), ("b", QueueError::Full));
    /// ```
    #[inline]
    pub fn try_push(&self, item: T) -> Result<(), Rejected<T>> {
        if !self.has_room() {
            let why = if self.aborted.get() { QueueError::Closed } else { QueueError::Full };
            return Err(Rejected { item, why });
        }
        // SAFETY: there is room.
        unsafe { self.add(item) };
        Ok(())
    }

    /// Takes the oldest item if there is one and nobody waits for it.
    ///
    /// # Errors
    ///
    /// [`Empty`](QueueError::Empty), or [`Closed`](QueueError::Closed) once the queue is [aborted](Self::abort).
    #[inline]
    pub fn try_pop(&self) -> Result<T, QueueError> {
        let none = || if self.aborted.get() { QueueError::Closed } else { QueueError::Empty };
        self.take_free().ok_or_else(none)
    }

    /// Waits until there is an item that nobody else waits for. Another fiber may take it first. Cancel-safe.
    ///
    /// # Errors
    ///
    /// As for [`pop`](Self::pop).
    ///
    /// ```
    /// use seastar::sync::Queue;
    /// use std::rc::Rc;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let queue = Rc::new(Queue::new(1));
    ///     let source = queue.clone();
    ///     seastar::spawn(async move { source.push(7).await }).detach();
    ///     queue.not_empty().await.unwrap();
    ///     assert_eq!(queue.try_pop(), Ok(7));
    /// }
    /// ```
    pub fn not_empty(&self) -> Wait<Filled<'_, T>> {
        Wait::new(Filled(self), Demand::News)
    }

    /// Waits until there is a place that nobody else waits for. Another fiber may fill it first. Cancel-safe.
    ///
    /// So an item need not be made before there is room for it.
    ///
    /// # Errors
    ///
    /// [`QueueError::Closed`] once the queue is [aborted](Self::abort), and why the wait was [given up](super::Limit).
    ///
    /// ```
    /// use seastar::sync::Queue;
    /// use std::rc::Rc;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let queue = Rc::new(Queue::new(1));
    ///     queue.try_push(1).unwrap();
    ///     let taker = queue.clone();
    ///     seastar::spawn(async move { taker.pop().await }).detach();
    ///     queue.not_full().await.unwrap();
    ///     queue.try_push(2).unwrap();
    /// }
    /// ```
    pub fn not_full(&self) -> Wait<Roomy<'_, T>> {
        Wait::new(Roomy(self), Offer::Nothing)
    }

    /// Ends the queue: drops what is in it; all who wait fail now, and everybody later.
    ///
    /// ```
    /// let queue = seastar::sync::Queue::new(1);
    /// queue.try_push(7).unwrap();
    /// queue.abort();
    /// assert_eq!(queue.try_pop().unwrap_err().to_string(), "queue closed");
    /// ```
    pub fn abort(&self) {
        self.aborted.set(true);
        self.promised.set(0);
        // Dropped last, because that may run anything.
        let _items = self.ring.close();
        self.pushers.wake_all(State::Refused);
        self.poppers.wake_all(State::Refused);
    }

    /// How many items are in the queue.
    ///
    /// ```
    /// let queue = seastar::sync::Queue::new(2);
    /// assert!(queue.is_empty() && queue.capacity() == 2);
    /// queue.try_push('a').unwrap();
    /// queue.try_push('b').unwrap();
    /// assert!(queue.is_full() && queue.len() == 2);
    /// ```
    #[inline]
    pub fn len(&self) -> usize {
        self.ring.len()
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.ring.is_empty()
    }

    /// Whether there is no place.
    pub fn is_full(&self) -> bool {
        self.ring.is_full()
    }

    /// The most items that can be in the queue; zero once it was [aborted](Self::abort).
    pub fn capacity(&self) -> usize {
        self.ring.capacity()
    }

    /// Items that nobody was woken for.
    #[inline]
    fn free_items(&self) -> usize {
        self.ring.len() - self.promised.get()
    }

    /// Whether there is a place that nobody waits for. There is none once the queue is aborted.
    #[inline]
    fn has_room(&self) -> bool {
        !self.ring.is_full() && self.pushers.is_empty()
    }

    /// Adds an item.
    ///
    /// # Safety
    ///
    /// There is room.
    #[inline]
    unsafe fn add(&self, item: T) {
        // SAFETY: promised by the caller.
        unsafe { self.ring.push_unchecked(item) };
        self.serve_poppers();
    }

    /// The oldest item, if there is one that nobody was woken for.
    #[inline]
    fn take_free(&self) -> Option<T> {
        if self.free_items() == 0 {
            return None;
        }
        // SAFETY: there are items.
        let item = unsafe { self.ring.pop_unchecked() };
        self.make_room();
        Some(item)
    }

    /// The oldest item; its place goes to whoever waits for one.
    #[inline]
    fn take(&self) -> Option<T> {
        let item = self.ring.pop();
        self.make_room();
        item
    }

    /// A place has become free.
    #[inline]
    fn make_room(&self) {
        if !self.pushers.is_empty() {
            self.serve_pushers();
        }
    }

    #[inline]
    fn serve_poppers(&self) {
        if !self.poppers.is_empty() {
            self.promise();
        }
    }

    /// Wakes those who wait for items, oldest first, as far as the items go.
    #[cold]
    fn promise(&self) {
        while self.free_items() > 0
            && let Some(demand) = self.poppers.front()
        {
            match demand {
                Demand::Item => {
                    self.promised.set(self.promised.get() + 1);
                    self.poppers.wake_front(State::Granted);
                }
                Demand::News => _ = self.poppers.wake_front(State::Told),
            }
        }
    }

    /// Takes in what is offered, oldest first, as far as there are places.
    #[cold]
    fn serve_pushers(&self) {
        while !self.ring.is_full()
            && self.pushers.replace_front(Offer::Taken, State::Granted, |offer| {
                if let Offer::Item(item) = offer {
                    // There is a place, and nothing has run since that could fill it.
                    _ = self.ring.push(item);
                }
            })
        {
            self.serve_poppers();
        }
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Queue");
        debug.field("len", &self.len()).field("capacity", &self.capacity());
        debug.field("pushers", &self.pushers.len()).field("poppers", &self.poppers.len());
        debug.field("aborted", &self.aborted.get()).finish()
    }
}
