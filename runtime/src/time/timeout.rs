//! Giving up on something that takes too long.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::sleep::{Sleep, sleep, sleep_until};

/// Awaits `future`, but no longer than `duration`.
///
/// A future that is ready when it is first polled never sees the clock (TMO-1). On time-out it is dropped,
/// and so cancelled, unlike in C++ Seastar, where it runs on (TMO-2); [`spawn`](crate::spawn) it first to keep
/// it running. Reads lose nothing by it: what had arrived is there for the next read.
///
/// ```
/// use std::time::Duration;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let never = std::future::pending::<()>();
///     let late = seastar::timeout(Duration::from_millis(1), never).await;
///     assert_eq!(late.unwrap_err().to_string(), "timed out");
/// }
/// ```
pub fn timeout<F: Future>(duration: Duration, future: F) -> Timeout<F> {
    Timeout { future, sleep: sleep(duration) }
}

/// Awaits `future`, but not beyond `deadline`. See [`timeout`].
///
/// ```
/// use std::time::{Duration, Instant};
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let deadline = Instant::now() + Duration::from_millis(100);
///     assert_eq!(seastar::time::timeout_at(deadline, async { 7 }).await, Ok(7));
/// }
/// ```
pub fn timeout_at<F: Future>(deadline: Instant, future: F) -> Timeout<F> {
    Timeout { future, sleep: sleep_until(deadline) }
}

/// The future of [`timeout`] and [`timeout_at`]. Dropping it drops what it awaits.
#[must_use = "a time limit applies when it is awaited"]
pub struct Timeout<F> {
    future: F,
    sleep: Sleep,
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: both fields are pinned with `self`, and neither is moved out of it.
        let (future, sleep) = unsafe {
            let this = self.get_unchecked_mut();
            (Pin::new_unchecked(&mut this.future), Pin::new_unchecked(&mut this.sleep))
        };
        match future.poll(context) {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending => sleep.poll(context).map(|()| Err(Elapsed)),
        }
    }
}

impl<F> fmt::Debug for Timeout<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout").field("sleep", &self.sleep).finish_non_exhaustive()
    }
}

/// The time was up first: the failure of [`timeout`]. Becomes an [`io::Error`](std::io::Error) of the kind `TimedOut` by `?`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed;

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("timed out")
    }
}

impl std::error::Error for Elapsed {}

impl From<Elapsed> for io::Error {
    fn from(_: Elapsed) -> io::Error {
        io::ErrorKind::TimedOut.into()
    }
}
