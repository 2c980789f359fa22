//! A stream from an async closure that emits its items.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::{FusedStream, Stream};

use crate::mem::Counted;
use crate::task::Busy;

/// The one item between the generator and who takes it.
type Place<T> = Counted<Cell<Option<T>>>;

/// A stream of what `body` emits; it ends when `body` returns.
///
/// The body runs within the polls of the stream: up to the next item whenever one is asked for, and not further.
/// So it may borrow, needs no fiber, and stops where it is when the stream is dropped. One block of the
/// shard's memory for each stream holds the item in between. Items that can fail are `Result`s.
///
/// See [`StreamExt::next`](super::StreamExt::next) for how to take them.
///
/// ```
/// use std::pin::pin;
/// use seastar::future::{StreamExt, generate};
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let text = String::from("one two");
///     let mut words = pin!(generate(async |mut items| {
///         for word in text.split(' ') {
///             seastar::yield_now().await;
///             items.emit(word).await;
///         }
///     }));
///     assert_eq!(words.next().await, Some("one"));
///     assert_eq!(words.next().await, Some("two"));
///     assert_eq!(words.next().await, None);
/// }
/// ```
///
/// # Panics
///
/// Off a shard, and when the shard's memory budget (`-m`) is used up.
#[track_caller]
pub fn generate<T, B, F>(body: B) -> Generate<T, F>
where
    B: FnOnce(Emitter<T>) -> F,
    F: Future<Output = ()>,
{
    let Ok(place) = Counted::new(Cell::new(None)) else {
        panic!("cannot make a generator: {}", Busy::here());
    };
    Generate { body: body(Emitter { place: place.clone() }), place, ended: false }
}

/// The stream of [`generate`]. Dropping it stops the body where it is.
#[must_use = "a stream does nothing until its items are asked for"]
pub struct Generate<T, F> {
    body: F,
    place: Place<T>,
    ended: bool,
}

impl<T, F: Future<Output = ()>> Stream for Generate<T, F> {
    type Item = T;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        // SAFETY: the body is not moved: it stays until the stream is dropped.
        let this = unsafe { self.get_unchecked_mut() };
        if !this.ended {
            // SAFETY: pinned with `self`.
            this.ended = unsafe { Pin::new_unchecked(&mut this.body) }.poll(context).is_ready();
        }
        match this.place.take() {
            Some(item) => Poll::Ready(Some(item)),
            None if this.ended => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

impl<T, F: Future<Output = ()>> FusedStream for Generate<T, F> {
    fn is_terminated(&self) -> bool {
        // The place is empty between two polls.
        self.ended
    }
}

impl<T, F> fmt::Debug for Generate<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generate").field("ended", &self.ended).finish_non_exhaustive()
    }
}

/// With what the body of [`generate`] emits items.
pub struct Emitter<T> {
    place: Place<T>,
}

impl<T> Emitter<T> {
    /// Emits an item, and waits until the next one is asked for.
    ///
    /// Await it in the body itself: a fiber, or a loop that runs many futures at the same time, would not learn that
    /// the item was taken.
    ///
    /// ```
    /// use seastar::future::{StreamExt, generate};
    /// use std::pin::pin;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let mut pages = pin!(generate(async |mut pages| {
    ///         for page in 1..=2 {
    ///             pages.emit(page).await; // goes on when the next page is asked for
    ///         }
    ///     }));
    ///     assert_eq!((pages.next().await, pages.next().await), (Some(1), Some(2)));
    ///     assert_eq!(pages.next().await, None);
    /// }
    /// ```
    #[inline]
    pub fn emit(&mut self, item: T) -> Emit<'_, T> {
        Emit { emitter: self, item: Some(item) }
    }
}

impl<T> fmt::Debug for Emitter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emitter").finish_non_exhaustive()
    }
}

/// The future of [`Emitter::emit`].
#[must_use = "an item is emitted when this is awaited"]
pub struct Emit<'a, T> {
    emitter: &'a mut Emitter<T>,
    item: Option<T>,
}

impl<T> Unpin for Emit<'_, T> {}

impl<T> Future for Emit<'_, T> {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let place = &self.emitter.place;
        let before = place.take();
        if before.is_some() {
            // Not taken yet. Whoever asks for the next item polls the body again.
            place.set(before);
            return Poll::Pending;
        }
        match self.item.take() {
            Some(item) => {
                self.emitter.place.set(Some(item));
                Poll::Pending
            }
            None => Poll::Ready(()),
        }
    }
}

impl<T> fmt::Debug for Emit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emit").field("emitted", &self.item.is_none()).finish_non_exhaustive()
    }
}
