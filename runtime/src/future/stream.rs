//! Streams: awaiting what comes, one item at a time.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

/// What every [`Stream`](futures_core::Stream) can do here: be awaited item by item.
///
/// Streams are those of the `futures-core` crate, so what other crates do with streams works as well.
pub trait StreamExt: Stream {
    /// The next item, or `None` when there are no more.
    ///
    /// Dropping the future before it has an item loses nothing. Pin streams that are not `Unpin`.
    ///
    /// ```
    /// use std::pin::pin;
    /// use seastar::future::{StreamExt, generate};
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let mut squares = pin!(generate(async |mut items| {
    ///         for n in 1..=3 {
    ///             items.emit(n * n).await;
    ///         }
    ///     }));
    ///     let mut sum = 0;
    ///     while let Some(square) = squares.next().await {
    ///         sum += square;
    ///     }
    ///     assert_eq!(sum, 14);
    /// }
    /// ```
    fn next(&mut self) -> Next<'_, Self>
    where
        Self: Unpin,
    {
        Next { stream: self }
    }
}

impl<S: Stream + ?Sized> StreamExt for S {}

/// The future of [`StreamExt::next`]. Dropping it loses no item.
#[must_use = "futures do nothing until they are awaited"]
pub struct Next<'a, S: ?Sized> {
    stream: &'a mut S,
}

impl<S: Stream + Unpin + ?Sized> Future for Next<'_, S> {
    type Output = Option<S::Item>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        Pin::new(&mut *self.stream).poll_next(context)
    }
}

impl<S: ?Sized> fmt::Debug for Next<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").finish_non_exhaustive()
    }
}
