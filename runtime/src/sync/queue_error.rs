//! Why nothing went into a queue or came out, in words.

use std::fmt;

use super::limit::Why;

/// An item that is not in the queue, and why.
///
/// ```
/// use seastar::sync::{Queue, QueueError};
///
/// fn fill(queue: &Queue<u8>) -> Result<(), QueueError> {
///     loop {
///         queue.try_push(1)?;
///     }
/// }
///
/// assert_eq!(fill(&Queue::new(3)), Err(QueueError::Full));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Rejected<T> {
    /// What was to be pushed.
    pub item: T,
    /// Why it was not.
    pub why: QueueError,
}

impl<T> fmt::Debug for Rejected<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejected").field("why", &self.why).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for Rejected<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.why.fmt(f)
    }
}

impl<T> std::error::Error for Rejected<T> {}

/// Drops the item, for `?` in a function that fails with a [`QueueError`].
impl<T> From<Rejected<T>> for QueueError {
    fn from(rejected: Rejected<T>) -> QueueError {
        rejected.why
    }
}

/// Why nothing was pushed to or popped from a [`Queue`](super::Queue).
///
/// ```
/// use seastar::sync::{Queue, QueueError};
///
/// let queue = Queue::<u8>::new(1);
/// assert_eq!(queue.try_pop(), Err(QueueError::Empty));
/// queue.abort();
/// assert_eq!(queue.try_pop(), Err(QueueError::Closed));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueueError {
    /// There is no place, or others wait for it.
    Full,
    /// There is no item, or others wait for it.
    Empty,
    /// The time was up first.
    TimedOut,
    /// The [`AbortSource`](super::AbortSource) of the wait was aborted first; the queue goes on.
    Aborted,
    /// The queue was ended by [`Queue::abort`](super::Queue::abort).
    Closed,
}

impl From<Why> for QueueError {
    fn from(why: Why) -> QueueError {
        match why {
            Why::TimedOut => QueueError::TimedOut,
            Why::Aborted => QueueError::Aborted,
        }
    }
}

impl fmt::Display for QueueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            QueueError::Full => "queue is full",
            QueueError::Empty => "queue is empty",
            QueueError::TimedOut => "queue timed out",
            QueueError::Aborted => "abort requested",
            QueueError::Closed => "queue closed",
        })
    }
}

impl std::error::Error for QueueError {}
