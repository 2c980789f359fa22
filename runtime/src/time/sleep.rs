//! Waiting for a point in time.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::reactor::{self, TimerEntry};
use crate::sys::clock;

/// Waits at least `duration` (TMO-3).
///
/// The time counts from this call. A shard with nothing else to do wakes up within some tens of microseconds
/// of the deadline; a busy one at its next turn, after at most a task quota. Dropping the future
/// cancels the timer. Takes no memory beyond the future, and one compare to set and cancel, however many
/// timers there are.
///
/// ```
/// use std::time::{Duration, Instant};
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let start = Instant::now();
///     seastar::sleep(Duration::from_millis(5)).await;
///     assert!(start.elapsed() >= Duration::from_millis(5));
/// }
/// ```
///
/// # Panics
///
/// The future panics when it is polled on a thread that is no shard.
#[inline]
pub fn sleep(duration: Duration) -> Sleep {
    let nanos = clock::duration_nanos(duration);
    let now = reactor::with(|reactor| reactor.now());
    match now {
        Some((now, turn)) => Sleep::until(now.saturating_add(nanos), Some(turn)),
        None => Sleep::until(clock::now().saturating_add(nanos), None),
    }
}

/// Waits until `deadline`; not at all if that has passed.
///
/// ```
/// use std::time::{Duration, Instant};
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let deadline = Instant::now() + Duration::from_millis(5);
///     seastar::time::sleep_until(deadline).await;
///     assert!(Instant::now() >= deadline);
/// }
/// ```
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep::until(clock::from_instant(deadline), None)
}

/// The future of [`sleep`] and [`sleep_until`]. Dropping it takes the timer out.
#[must_use = "a sleep takes place when it is awaited"]
pub struct Sleep {
    entry: TimerEntry,
    deadline: u64,
    /// The turn in which `deadline` was computed from that turn's begin.
    computed_in: Option<u32>,
}

impl Sleep {
    #[inline]
    pub(super) fn until(deadline: u64, computed_in: Option<u32>) -> Sleep {
        Sleep { entry: TimerEntry::new(), deadline, computed_in }
    }
}

impl Future for Sleep {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let sleep = &*self;
        if sleep.entry.has_fired() {
            return Poll::Ready(());
        }
        if !sleep.entry.is_set() {
            // SAFETY: the entry is part of a pinned future, whose drop cancels it.
            let set = reactor::with(|reactor| unsafe {
                reactor.set_timer(&sleep.entry, sleep.deadline, sleep.computed_in)
            });
            assert!(set.is_some(), "sleep on a thread that is no shard; await it within `#[seastar::main]`");
        }
        sleep.entry.remember(context.waker());
        Poll::Pending
    }
}

impl Drop for Sleep {
    #[inline]
    fn drop(&mut self) {
        if self.entry.is_set() {
            reactor::with(|reactor| reactor.cancel_timer(&self.entry));
        }
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("fired", &self.entry.has_fired()).finish_non_exhaustive()
    }
}
