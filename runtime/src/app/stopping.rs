//! How a fiber learns that the program stops.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::reactor::{self, TimerEntry};

/// Whether the program is stopping: a signal came, and fibers have the grace period to come to their end.
///
/// ```
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     assert!(!seastar::is_stopping());
/// }
/// ```
pub fn is_stopping() -> bool {
    reactor::with(|reactor| reactor.is_stopping()).unwrap_or(false)
}

/// Waits until the program stops (SIGINT, SIGTERM).
///
/// Servers need not ask: listeners are aborted and streams come to their end by themselves. A fiber
/// that waits for something else should race it against this, or it is dropped at the end of the
/// grace period (SIG-3).
///
/// ```no_run
/// #[seastar::main]
/// async fn main() {
///     // ... start what runs in the background ...
///     seastar::stopping().await;
///     println!("bye");
/// }
/// ```
#[doc(alias = "ctrl_c")]
pub fn stopping() -> Stopping {
    Stopping { entry: TimerEntry::new() }
}

/// The future of [`stopping`]. Dropping it stops listening.
#[must_use = "futures do nothing until they are awaited"]
pub struct Stopping {
    entry: TimerEntry,
}

impl Future for Stopping {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let entry = &self.entry;
        if is_stopping() || entry.has_fired() {
            return Poll::Ready(());
        }
        if !entry.is_set() {
            // SAFETY: the entry is part of a pinned future, whose drop takes it off.
            let waits = reactor::with(|reactor| unsafe { reactor.wait_for_stop(entry) });
            assert!(waits.is_some(), "`stopping` on a thread that is no shard");
        }
        entry.remember(context.waker());
        Poll::Pending
    }
}

impl Drop for Stopping {
    fn drop(&mut self) {
        if self.entry.is_set() {
            reactor::with(|reactor| reactor.waits_no_more(&self.entry));
        }
    }
}

impl fmt::Debug for Stopping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stopping").field("stopped", &self.entry.has_fired()).finish_non_exhaustive()
    }
}
