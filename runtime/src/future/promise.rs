//! A value that somebody will give, and the future of it.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::promised::End;
use crate::task::Busy;

/// The end of a [`promise`](Promise::new) that gives the value.
///
/// Giving it consumes the promise, so that it cannot happen twice. A promise that is dropped without is broken
/// (FUT-8): its future says so. Both ends stay on their shard; the value lies in a block of its memory, and
/// nothing is allocated.
///
/// One who tells a fiber that a tenth message has arrived:
///
/// ```
/// use std::time::Duration;
/// use seastar::future::Promise;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let (promise, tenth) = Promise::new();
///     let messages = seastar::spawn(async move {
///         for n in 0..10 {
///             seastar::sleep(Duration::from_millis(1)).await;
///             print!("{n}...");
///         }
///         promise.set("ten messages").expect("somebody waits for them");
///     });
///     assert_eq!(tenth.await, Ok("ten messages"));
///     messages.await.unwrap();
/// }
/// ```
#[doc(alias = "oneshot")]
#[must_use = "a promise that is dropped is broken"]
pub struct Promise<T> {
    end: End<T>,
}

impl<T> Promise<T> {
    /// A promise and its future.
    ///
    /// # Panics
    ///
    /// Off a shard, and when the shard's memory budget (`-m`) is used up; [`try_new`](Promise::try_new)
    /// returns that as a value.
    #[track_caller]
    #[inline]
    pub fn new() -> (Promise<T>, Promised<T>) {
        match Promise::try_new() {
            Ok(promise) => promise,
            Err(busy) => panic!("cannot make a promise: {busy}"),
        }
    }

    /// A promise and its future, if there is memory for them.
    ///
    /// # Errors
    ///
    /// [`Busy`], off a shard too.
    ///
    /// ```
    /// use seastar::future::Promise;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> Result<(), seastar::Busy> {
    ///     let (promise, future) = Promise::try_new()?;
    ///     promise.set(7).unwrap();
    ///     assert_eq!(future.await, Ok(7));
    ///     Ok(())
    /// }
    /// ```
    #[inline]
    pub fn try_new() -> Result<(Promise<T>, Promised<T>), Busy> {
        let (end, other) = End::pair().ok_or_else(Busy::here)?;
        Ok((Promise { end }, Promised { end: other }))
    }

    /// Gives the value, and wakes who awaits it. If the future is gone, the value comes back.
    ///
    /// ```
    /// use seastar::future::Promise;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let (promise, future) = Promise::new();
    ///     drop(future);
    ///     assert_eq!(promise.set(7), Err(7));
    /// }
    /// ```
    #[must_use = "an `Err` holds the value, which nobody awaits any more; a failure in there would be lost"]
    #[inline]
    pub fn set(self, value: T) -> Result<(), T> {
        if self.is_abandoned() {
            return Err(value);
        }
        ManuallyDrop::new(self).end.give(value);
        Ok(())
    }

    /// Whether the future is gone, so that there is no use in going on.
    ///
    /// ```
    /// use seastar::future::Promise;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let (promise, future) = Promise::<u8>::new();
    ///     assert!(!promise.is_abandoned());
    ///     drop(future);
    ///     assert!(promise.is_abandoned());
    /// }
    /// ```
    #[inline]
    pub fn is_abandoned(&self) -> bool {
        self.end.is_last()
    }
}

impl<T> Drop for Promise<T> {
    #[inline]
    fn drop(&mut self) {
        self.end.break_off();
    }
}

/// The end of a [`Promise`] that receives the value: a future of it.
#[must_use = "futures do nothing until they are awaited"]
pub struct Promised<T> {
    end: End<T>,
}

impl<T> Future for Promised<T> {
    type Output = Result<T, BrokenPromise>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(value) = self.end.take() {
            return Poll::Ready(Ok(value));
        }
        if self.end.is_last() {
            return Poll::Ready(Err(BrokenPromise));
        }
        self.end.wait(context.waker());
        Poll::Pending
    }
}

impl<T> Drop for Promised<T> {
    #[inline]
    fn drop(&mut self) {
        self.end.abandon();
    }
}

/// The promise was dropped without a value (FUT-8).
///
/// ```
/// use seastar::future::{BrokenPromise, Promise};
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let (promise, future) = Promise::<u8>::new();
///     drop(promise);
///     assert_eq!(future.await, Err(BrokenPromise));
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenPromise;

impl fmt::Display for BrokenPromise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("broken promise")
    }
}

impl Error for BrokenPromise {}

impl<T> fmt::Debug for Promise<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Promise").field("abandoned", &self.is_abandoned()).finish()
    }
}

impl<T> fmt::Debug for Promised<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Promised").field("decided", &self.end.is_last()).finish()
    }
}
