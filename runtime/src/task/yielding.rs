//! Letting others run.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Puts the fiber at the back of the run queue once (PRE-2).
///
/// ```
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     for _ in 0..1_000 {
///         seastar::yield_now().await; // everything else that is ready runs here
///     }
/// }
/// ```
pub fn yield_now() -> YieldNow {
    YieldNow { yielded: false }
}

/// The future of [`yield_now`]. Dropping it leaves the fiber's place as it is.
#[derive(Debug)]
#[must_use = "a yield happens when it is awaited"]
pub struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        super::tasks::yield_by_ref(context.waker());
        Poll::Pending
    }
}
