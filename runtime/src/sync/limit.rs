//! Waiting no longer than a time, or only until an abort.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::abort::{AbortSource, Listener};
use crate::time::{Sleep, sleep};

/// What can be added to every wait of this module: a time limit, and an [`AbortSource`].
///
/// Both together work as well. Nothing is allocated, and whoever gives up leaves the line at once. What is there
/// without waiting is taken even when the limit has passed (SEM-7, SEM-8).
///
/// ```
/// use seastar::sync::{AbortSource, Limit, Semaphore, SemaphoreError};
/// use std::time::Duration;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let abort = AbortSource::new();
///     let semaphore = Semaphore::<2>::new();
///     let _all = semaphore.acquire(2).await.unwrap();
///     let late = semaphore.acquire(1).within(Duration::from_millis(1)).unless(&abort).await;
///     assert!(matches!(late.unwrap_err(), SemaphoreError::TimedOut { .. }));
/// }
/// ```
pub trait Limit: Future + Sized + sealed::Sealed {
    /// The result of a wait that may be given up.
    type Limited;

    /// Gives up after `duration`, which counts from this call.
    #[inline]
    fn within(self, duration: Duration) -> Within<Self> {
        Within { wait: self, sleep: sleep(duration), at_once: duration.is_zero() }
    }

    /// Gives up when `source` is aborted.
    #[inline]
    fn unless(self, source: &AbortSource) -> Unless<'_, Self> {
        Unless { wait: self, listener: Listener::new(source, None) }
    }

    #[doc(hidden)]
    fn granted(output: Self::Output) -> Self::Limited;

    /// Leaves the line, and says why.
    #[doc(hidden)]
    fn give_up(self: Pin<&mut Self>, why: Why) -> Self::Limited;
}

/// Why somebody gave up.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Why {
    TimedOut,
    Aborted,
}

pub(crate) mod sealed {
    /// Waits of this crate.
    pub trait Sealed {}
}

/// The future of [`Limit::within`].
#[must_use = "futures do nothing until they are awaited"]
pub struct Within<F> {
    wait: F,
    sleep: Sleep,
    /// Whether there is no time at all.
    at_once: bool,
}

impl<F: Limit> Future for Within<F> {
    type Output = F::Limited;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Limited> {
        let at_once = self.at_once;
        // SAFETY: both are pinned with `self`, and neither is moved out of it.
        let (mut wait, sleep) = unsafe {
            let this = self.get_unchecked_mut();
            (Pin::new_unchecked(&mut this.wait), Pin::new_unchecked(&mut this.sleep))
        };
        if let Poll::Ready(output) = wait.as_mut().poll(context) {
            return Poll::Ready(F::granted(output));
        }
        if at_once || sleep.poll(context).is_ready() {
            return Poll::Ready(wait.give_up(Why::TimedOut));
        }
        Poll::Pending
    }
}

impl<F> sealed::Sealed for Within<F> {}

impl<F: Limit> Limit for Within<F> {
    type Limited = F::Limited;

    fn granted(output: F::Limited) -> F::Limited {
        output
    }

    fn give_up(self: Pin<&mut Self>, why: Why) -> F::Limited {
        // SAFETY: pinned with `self`, and not moved out of it.
        unsafe { self.map_unchecked_mut(|this| &mut this.wait) }.give_up(why)
    }
}

impl<F: fmt::Debug> fmt::Debug for Within<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Within").field("wait", &self.wait).field("sleep", &self.sleep).finish_non_exhaustive()
    }
}

/// The future of [`Limit::unless`].
#[must_use = "futures do nothing until they are awaited"]
pub struct Unless<'a, F> {
    wait: F,
    listener: Listener<'a>,
}

impl<F: Limit> Future for Unless<'_, F> {
    type Output = F::Limited;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Limited> {
        // SAFETY: both are pinned with `self`, and neither is moved out of it.
        let (mut wait, listener) = unsafe {
            let this = self.get_unchecked_mut();
            (Pin::new_unchecked(&mut this.wait), Pin::new_unchecked(&this.listener))
        };
        if let Poll::Ready(output) = wait.as_mut().poll(context) {
            return Poll::Ready(F::granted(output));
        }
        match listener.host().listen(listener, context.waker()) {
            Ok(()) => Poll::Pending,
            Err(_) => Poll::Ready(wait.give_up(Why::Aborted)),
        }
    }
}

impl<F> sealed::Sealed for Unless<'_, F> {}

impl<F: Limit> Limit for Unless<'_, F> {
    type Limited = F::Limited;

    fn granted(output: F::Limited) -> F::Limited {
        output
    }

    fn give_up(self: Pin<&mut Self>, why: Why) -> F::Limited {
        // SAFETY: pinned with `self`, and not moved out of it.
        unsafe { self.map_unchecked_mut(|this| &mut this.wait) }.give_up(why)
    }
}

impl<F: fmt::Debug> fmt::Debug for Unless<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Unless");
        debug.field("wait", &self.wait).field("source", self.listener.host()).finish()
    }
}
