//! Waiting for all futures of one type, or for the first.

use std::fmt;
use std::future::{Future, poll_fn};
use std::iter::FusedIterator;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use super::ext::TryFuture;
use super::parallel::start;
use crate::reactor::need_preempt;
use crate::task::{self, Children};

/// Runs all futures at the same time and waits for all; never fails itself (ALL-1).
///
/// Takes an array or any other iterator, and returns an iterator over the outputs in the order of the
/// futures. For futures of different types there is `when_all!`.
///
/// ```
/// use seastar::future::when_all;
///
/// async fn half(n: u32) -> Result<u32, u32> {
///     seastar::yield_now().await;
///     if n % 2 == 0 { Ok(n / 2) } else { Err(n) }
/// }
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let halves = when_all([half(6), half(7)]).await;
///     assert!(halves.eq([Ok(3), Err(7)]));
/// }
/// ```
///
/// # Panics
///
/// When polled: off a shard, and when the shard's memory budget (`-m`) is used up.
#[doc(alias = "join_all")]
#[must_use = "futures do nothing until they are awaited"]
pub fn when_all<I>(futures: I) -> impl Future<Output = Outputs<I::Item>>
where
    I: IntoIterator<Item: Future>,
{
    let mut futures = futures.into_iter().fuse();
    async move {
        let children = pin!(Children::new());
        poll_fn(|context| poll_all(children.as_ref(), &mut futures, context)).await
    }
}

/// Starts what is not yet started, polls what was woken, and takes the outputs when all have ended.
fn poll_all<F: Future>(
    children: Pin<&Children<F, true>>,
    futures: &mut impl Iterator<Item = F>,
    context: &mut Context<'_>,
) -> Poll<Outputs<F>> {
    children.poll_woken(context, || (), need_preempt);
    for future in futures {
        start(children, || future);
        if need_preempt() {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
    }
    if children.running() == 0 { Poll::Ready(Outputs(children.take_all())) } else { Poll::Pending }
}

/// Runs all futures at the same time, waits for all, and returns their values if none has failed (ALL-2).
///
/// If some fail, the others still run to their end, and the result is the first failure by position; later
/// ones are dropped. The values come as an iterator, in the order of the futures. For futures of different types there
/// is `when_all_succeed!`.
///
/// ```
/// use seastar::future::when_all_succeed;
///
/// async fn half(n: u32) -> Result<u32, u32> {
///     seastar::yield_now().await;
///     if n % 2 == 0 { Ok(n / 2) } else { Err(n) }
/// }
///
/// #[seastar::main(shards = 1)]
/// async fn main() -> Result<(), u32> {
///     assert_eq!(when_all_succeed((1..=4).map(|n| half(2 * n))).await?.sum::<u32>(), 10);
///     assert_eq!(when_all_succeed([2, 7, 4, 9].map(half)).await.err(), Some(7));
///     Ok(())
/// }
/// ```
///
/// # Panics
///
/// When polled: off a shard, and when the shard's memory budget (`-m`) is used up.
#[doc(alias = "try_join_all")]
#[must_use = "futures do nothing until they are awaited"]
pub fn when_all_succeed<I, F>(futures: I) -> impl Future<Output = Result<Values<F>, F::Error>>
where
    I: IntoIterator<Item = F>,
    F: TryFuture,
{
    let mut futures = futures.into_iter().fuse();
    async move {
        let children = pin!(Children::new());
        let outputs = poll_fn(|context| poll_all(children.as_ref(), &mut futures, context)).await;
        match outputs.0.take_first(Result::is_err) {
            Some(Err(failure)) => Err(failure),
            _ => Ok(Values(outputs)),
        }
    }
}

/// Runs all futures at the same time until one has ended; returns its position and its output (ALL-3).
///
/// The others are dropped, and so cancelled. When none of them waits, it is the first of all; else, the one that was
/// woken first. Of no futures at all, none ends first: the result is `None`. For futures of different types there is `when_any!`.
///
/// ```
/// use std::time::Duration;
/// use seastar::future::when_any;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let sleeps = [20, 1, 30].map(|n| seastar::sleep(Duration::from_millis(n)));
///     assert_eq!(when_any(sleeps).await, Some((1, ())));
/// }
/// ```
///
/// # Panics
///
/// When polled: off a shard, and when the shard's memory budget (`-m`) is used up.
#[doc(alias = "select_all")]
#[must_use = "futures do nothing until they are awaited"]
pub fn when_any<I>(futures: I) -> impl Future<Output = Option<(usize, <I::Item as Future>::Output)>>
where
    I: IntoIterator<Item: Future>,
{
    let mut futures = futures.into_iter().enumerate().fuse();
    async move {
        let children = pin!(Children::<_, false>::new());
        let children = children.as_ref();
        poll_fn(|context| {
            children.poll_woken(context, || (), || children.front_has_ended() || need_preempt());
            if let Some(first) = children.take_front() {
                return Poll::Ready(Some(first));
            }
            for (position, future) in &mut futures {
                start(children, || Numbered { position, future });
                if let Some(first) = children.take_front() {
                    return Poll::Ready(Some(first));
                }
                if need_preempt() {
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
            }
            if children.running() == 0 { Poll::Ready(None) } else { Poll::Pending }
        })
        .await
    }
}

/// A future that tells its position with its output.
struct Numbered<F> {
    position: usize,
    future: F,
}

impl<F: Future> Future for Numbered<F> {
    type Output = (usize, F::Output);

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let position = self.position;
        // SAFETY: the future is pinned with `self`.
        let future = unsafe { self.map_unchecked_mut(|this| &mut this.future) };
        future.poll(context).map(|output| (position, output))
    }
}

/// The outputs of [`when_all`], in the order of the futures.
///
/// They lie where their futures did, in blocks of the shard's memory; each block is free when its output was
/// taken, and all are when this is dropped.
pub struct Outputs<F: Future>(task::Outputs<F>);

impl<F: Future> Iterator for Outputs<F> {
    type Item = F::Output;

    #[inline]
    fn next(&mut self) -> Option<F::Output> {
        self.0.next()
    }
}

impl<F: Future> FusedIterator for Outputs<F> {}

impl<F: Future> fmt::Debug for Outputs<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outputs").finish_non_exhaustive()
    }
}

/// The values of [`when_all_succeed`], in the order of the futures. As [`Outputs`], but without failures.
pub struct Values<F: TryFuture>(Outputs<F>);

impl<F: TryFuture> Iterator for Values<F> {
    type Item = F::Ok;

    #[inline]
    fn next(&mut self) -> Option<F::Ok> {
        // There is no failure among them.
        self.0.next()?.ok()
    }
}

impl<F: TryFuture> FusedIterator for Values<F> {}

impl<F: TryFuture> fmt::Debug for Values<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Values").finish_non_exhaustive()
    }
}
