//! Ticks at a steady pace.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;

use super::sleep::Sleep;
use crate::sys::clock;

/// A stream that ticks every `period`, for the first time one period from now; it never ends.
///
/// The pace is kept: a tick that is taken late does not shift those after it, and ticks that were missed
/// altogether are left out. Takes no memory beyond itself. Await [`Interval::tick`], or pin it and use it as a
/// [`Stream`](futures_core::Stream).
///
/// ```
/// use std::{pin::pin, time::Duration};
/// use seastar::{future::StreamExt, time::interval};
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let mut ticks = interval(Duration::from_millis(1));
///     for _ in 0..3 {
///         ticks.tick().await;
///     }
///     let mut ticks = pin!(ticks);
///     ticks.next().await;
/// }
/// ```
///
/// # Panics
///
/// If the period is zero. When polled on a thread that is no shard.
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    assert!(!period.is_zero(), "an interval of no length would tick without end");
    let period = clock::duration_nanos(period);
    let next = clock::now().saturating_add(period);
    Interval { sleep: None, next, period }
}

/// The stream of [`interval`].
#[must_use = "an interval ticks when it is awaited"]
pub struct Interval {
    /// Of the stream.
    sleep: Option<Sleep>,
    /// When the next tick is due, and how much later the one after, in nanoseconds.
    next: u64,
    period: u64,
}

impl Interval {
    /// Waits for the next tick. Dropping the future loses no tick.
    ///
    /// ```
    /// use seastar::time::{Duration, Instant, interval};
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let start = Instant::now();
    ///     let mut ticks = interval(Duration::from_millis(2));
    ///     ticks.tick().await; // two milliseconds from the start
    ///     ticks.tick().await; // four
    ///     assert!(start.elapsed() >= Duration::from_millis(4));
    /// }
    /// ```
    pub async fn tick(&mut self) {
        Sleep::until(self.next, None).await;
        self.next = after(self.next, self.period, clock::now());
    }
}

/// The first of the ticks at `due`, `due + period`, .. that is due after `now`.
fn after(due: u64, period: u64, now: u64) -> u64 {
    let missed = now.saturating_sub(due) / period;
    due.saturating_add((missed + 1).saturating_mul(period))
}

impl Stream for Interval {
    type Item = ();

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<()>> {
        // SAFETY: the sleep is pinned with `self`; the rest never is.
        let (mut sleep, next, period) = unsafe {
            let this = self.get_unchecked_mut();
            (Pin::new_unchecked(&mut this.sleep), &mut this.next, this.period)
        };
        if sleep.is_none() {
            sleep.set(Some(Sleep::until(*next, None)));
        }
        if let Some(sleep) = sleep.as_mut().as_pin_mut() {
            ready!(sleep.poll(context));
        }
        sleep.set(None);
        *next = after(*next, period, clock::now());
        Poll::Ready(Some(()))
    }
}

impl fmt::Debug for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interval").field("period", &Duration::from_nanos(self.period)).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_keep_their_pace_and_leave_out_what_was_missed() {
        assert_eq!(after(100, 10, 100), 110);
        assert_eq!(after(100, 10, 109), 110);
        assert_eq!(after(100, 10, 110), 120);
        assert_eq!(after(100, 10, 155), 160);
        assert_eq!(after(u64::MAX - 5, 10, u64::MAX), u64::MAX);
    }

    #[test]
    #[should_panic(expected = "an interval of no length")]
    fn a_period_of_zero_is_refused() {
        let _ = interval(Duration::ZERO);
    }
}
