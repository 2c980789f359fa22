//! How a fiber learns that the program stops.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::reactor;

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
pub fn stopping() -> Stopping {
    Stopping { _private: () }
}

/// The future of [`stopping`].
#[derive(Debug)]
#[must_use = "futures do nothing until they are awaited"]
pub struct Stopping {
    _private: (),
}

impl Future for Stopping {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if is_stopping() {
            return Poll::Ready(());
        }
        let waits = reactor::with(|reactor| reactor.wake_when_stopping(context.waker()));
        assert!(waits.is_some(), "`stopping` on a thread that is no shard");
        Poll::Pending
    }
}
