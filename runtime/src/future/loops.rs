//! Loops that run one iteration after the other.
//!
//! Each asks once an iteration whether others should have their turn (LOOP-9), so that bodies which are
//! always ready do not keep the shard to themselves. That is what they have over `loop` and `for`.
//! The question is written out: awaiting [`maybe_yield`](crate::maybe_yield) takes 23 instructions more an iteration.

#![expect(clippy::manual_async_fn, reason = "an `async fn` would hold its arguments twice")]

use std::future::Future;
use std::ops::ControlFlow::Break;

use super::bodies::{Action, Attempt, Iteration};
use crate::reactor::need_preempt;
use crate::task::yield_now;

/// Calls `body` until it returns `Break`, and returns what is in that (LOOP-1).
///
/// A body that can fail returns a `Result` of the `ControlFlow`; a failure ends the loop and is its result. Dropping the
/// future drops the iteration that runs.
///
/// ```
/// use std::ops::ControlFlow::{Break, Continue};
/// use seastar::future::repeat;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let mut n = 0;
///     let sum = repeat(async || {
///         n += 1;
///         seastar::yield_now().await;
///         if n < 10 { Continue(()) } else { Break(n) }
///     });
///     assert_eq!(sum.await, 10);
/// }
/// ```
#[must_use = "futures do nothing until they are awaited"]
pub fn repeat<B, S>(mut body: B) -> impl Future<Output = S::Output>
where
    B: AsyncFnMut() -> S,
    S: Iteration,
{
    async move {
        loop {
            if let Break(output) = body().await.flow() {
                return output;
            }
            if need_preempt() {
                yield_now().await;
            }
        }
    }
}

/// Calls `body` until it returns `Some`, and returns the value in that (LOOP-4).
///
/// A body that can fail returns a `Result` of the `Option`; a failure ends the loop and is its result. Dropping the future
/// drops the iteration that runs.
///
/// ```
/// use seastar::future::repeat_until_value;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let mut lines = ["", "", "hello"].into_iter();
///     let first = repeat_until_value(async || match lines.next() {
///         Some("") => Ok(None),
///         Some(line) => Ok(Some(line)),
///         None => Err("nothing but empty lines"),
///     });
///     assert_eq!(first.await, Ok("hello"));
/// }
/// ```
#[must_use = "futures do nothing until they are awaited"]
pub fn repeat_until_value<B, A>(mut body: B) -> impl Future<Output = A::Output>
where
    B: AsyncFnMut() -> A,
    A: Attempt,
{
    async move {
        loop {
            if let Break(output) = body().await.flow() {
                return output;
            }
            if need_preempt() {
                yield_now().await;
            }
        }
    }
}

/// Calls `action` until `stop` says so; asks `stop` first, so perhaps not at all (LOOP-2).
///
/// A failure of the action ends the loop and is its result. What both look at has to be a `Cell` or the
/// like, because both borrow it. Dropping the future drops the action that runs.
///
/// ```
/// use std::cell::Cell;
/// use seastar::future::do_until;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let left = Cell::new(3);
///     do_until(|| left.get() == 0, async || left.set(left.get() - 1)).await;
///     assert_eq!(left.get(), 0);
/// }
/// ```
#[must_use = "futures do nothing until they are awaited"]
pub fn do_until<B, A>(mut stop: impl FnMut() -> bool, mut action: B) -> impl Future<Output = A>
where
    B: AsyncFnMut() -> A,
    A: Action,
{
    async move {
        while !stop() {
            if let Break(failure) = action().await.flow() {
                return failure;
            }
            if need_preempt() {
                yield_now().await;
            }
        }
        A::done()
    }
}

/// Calls `action` again and again, until it fails (LOOP-3).
///
/// The result can be nothing but a failure, and its type says so. Without failures, only dropping the future
/// ends the loop.
///
/// ```
/// use seastar::future::keep_doing;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let mut left = 3;
///     let Err(error) = keep_doing(async || {
///         left -= 1;
///         if left > 0 { Ok(()) } else { Err("all gone") }
///     })
///     .await;
///     assert_eq!(error, "all gone");
/// }
/// ```
#[must_use = "futures do nothing until they are awaited"]
pub fn keep_doing<B, A>(mut action: B) -> impl Future<Output = A::Endless>
where
    B: AsyncFnMut() -> A,
    A: Action,
{
    async move {
        loop {
            if let Some(failure) = action().await.endless() {
                return failure;
            }
            if need_preempt() {
                yield_now().await;
            }
        }
    }
}

/// Calls `action` with each item, one after the other (LOOP-5).
///
/// The first failure ends the loop and is its result; later items are not touched. Dropping the future drops the action that
/// runs.
///
/// ```
/// use seastar::future::do_for_each;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let mut lengths = [0; 3];
///     let words = ["one", "two", "three"];
///     do_for_each(words.iter().zip(&mut lengths), async |(word, length)| *length = word.len()).await;
///     assert_eq!(lengths, [3, 3, 5]);
/// }
/// ```
#[must_use = "futures do nothing until they are awaited"]
pub fn do_for_each<I, B, A>(items: I, mut action: B) -> impl Future<Output = A>
where
    I: IntoIterator,
    B: AsyncFnMut(I::Item) -> A,
    A: Action,
{
    let mut items = items.into_iter();
    async move {
        #[expect(clippy::while_let_on_iterator, reason = "`for` would move the iterator and so hold two")]
        while let Some(item) = items.next() {
            if let Break(failure) = action(item).await.flow() {
                return failure;
            }
            if need_preempt() {
                yield_now().await;
            }
        }
        A::done()
    }
}
