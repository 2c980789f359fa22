//! A sleep that an abort ends early.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::sleep::{Sleep, sleep};
use crate::sync::{AbortRequested, AbortSource};

/// Waits at least `duration`, or until `source` is aborted; that is an error, at once if it was aborted before (TMO-3).
///
/// ```
/// use seastar::sync::AbortSource;
/// use seastar::time::{Duration, sleep_abortable};
/// use std::rc::Rc;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let stop = Rc::new(AbortSource::new());
///     let listener = stop.clone();
///     let fiber = seastar::spawn(async move {
///         let mut rounds = 0;
///         while sleep_abortable(Duration::from_millis(1), &listener).await.is_ok() {
///             rounds += 1;
///         }
///         rounds
///     });
///     seastar::sleep(Duration::from_millis(5)).await;
///     stop.abort();
///     assert!(fiber.await.unwrap() > 0);
/// }
/// ```
pub fn sleep_abortable(duration: Duration, source: &AbortSource) -> SleepAbortable<'_> {
    SleepAbortable { sleep: sleep(duration), aborted: source.aborted() }
}

/// The future of [`sleep_abortable`]. Dropping it takes the timer out.
#[must_use = "a sleep takes place when it is awaited"]
pub struct SleepAbortable<'a> {
    sleep: Sleep,
    aborted: AbortRequested<'a>,
}

impl Future for SleepAbortable<'_> {
    type Output = Result<(), SleepAborted>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: both fields are pinned with `self`, and neither is moved out of it.
        let (sleep, aborted) = unsafe {
            let this = self.get_unchecked_mut();
            (Pin::new_unchecked(&mut this.sleep), Pin::new_unchecked(&mut this.aborted))
        };
        if aborted.poll(context).is_ready() {
            return Poll::Ready(Err(SleepAborted(())));
        }
        sleep.poll(context).map(Ok)
    }
}

impl fmt::Debug for SleepAbortable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("SleepAbortable");
        debug.field("sleep", &self.sleep).field("aborted", &self.aborted).finish()
    }
}

/// A sleep was ended early: the failure of [`sleep_abortable`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SleepAborted(());

impl fmt::Display for SleepAborted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sleep is aborted")
    }
}

impl std::error::Error for SleepAborted {}
