//! Loops whose iterations run at the same time.
//!
//! Iterations are futures within the loop's own future: they may borrow what the caller has, and end when the loop
//! is dropped. Each lies in a block of the shard's memory and is polled only when it was woken itself.

#![expect(clippy::manual_async_fn, reason = "an `async fn` would hold its arguments twice")]

use std::future::{Future, poll_fn};
use std::ops::ControlFlow::Break;
use std::pin::{Pin, pin};
use std::task::Poll;

use super::bodies::Action;
use crate::reactor::need_preempt;
use crate::task::{Busy, Children};

/// Starts `action` for every item, and waits for all (LOOP-6).
///
/// All are started when the loop is first polled, in order; if that takes long, others have their turn
/// in between (LOOP-9). When some fail, all others still run to their end, and the result is the failure that
/// came first.
///
/// Dropping the future drops all actions where they stand. Where there may be many items, [`max_concurrent_for_each`] keeps
/// memory bounded.
///
/// ```
/// use std::{cell::Cell, time::Duration};
/// use seastar::future::parallel_for_each;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let woken = Cell::new(0);
///     parallel_for_each(1..=3, async |n| {
///         seastar::sleep(Duration::from_millis(n)).await;
///         woken.set(woken.get() + 1);
///     })
///     .await;
///     assert_eq!(woken.get(), 3);
/// }
/// ```
///
/// # Panics
///
/// When polled: off a shard, and when the shard's memory budget (`-m`) is used up.
#[doc(alias = "for_each_concurrent")]
#[must_use = "futures do nothing until they are awaited"]
pub fn parallel_for_each<I, B, A>(items: I, action: B) -> impl Future<Output = A>
where
    I: IntoIterator,
    B: AsyncFn(I::Item) -> A,
    A: Action,
{
    for_each(items.into_iter(), usize::MAX, action)
}

/// Runs `action` for every item, up to `concurrency_max` at the same time, and waits for all (LOOP-7).
///
/// A failure does not keep the rest from being started; the result is the failure that came first. Dropping the future drops
/// the actions that run, and starts no more.
///
/// ```
/// use std::cell::Cell;
/// use seastar::future::max_concurrent_for_each;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let (running, most) = (Cell::new(0), Cell::new(0));
///     max_concurrent_for_each(0..100, 10, async |_| {
///         running.set(running.get() + 1);
///         most.set(most.get().max(running.get()));
///         seastar::yield_now().await;
///         running.set(running.get() - 1);
///     })
///     .await;
///     assert_eq!(most.get(), 10);
/// }
/// ```
///
/// # Panics
///
/// If `concurrency_max` is zero, because nothing would ever run. When polled: off a shard, and when the
/// shard's memory budget (`-m`) is used up.
#[doc(alias = "buffer_unordered")]
#[must_use = "futures do nothing until they are awaited"]
#[track_caller]
pub fn max_concurrent_for_each<I, B, A>(
    items: I,
    concurrency_max: usize,
    action: B,
) -> impl Future<Output = A>
where
    I: IntoIterator,
    B: AsyncFn(I::Item) -> A,
    A: Action,
{
    assert!(concurrency_max > 0, "a concurrency of zero: nothing would ever run");
    for_each(items.into_iter(), concurrency_max, action)
}

fn for_each<I, B, A>(items: I, concurrency_max: usize, action: B) -> impl Future<Output = A>
where
    I: Iterator,
    B: AsyncFn(I::Item) -> A,
    A: Action,
{
    let mut items = items.fuse();
    async move {
        let action = &action;
        let mut failure = None;
        // In the order in which they end, so that they make room for others.
        run::<_, _, false>(
            concurrency_max,
            || items.next().map(|item| move || action(item)),
            |output: A| {
                if let Break(failed) = output.flow() {
                    failure.get_or_insert(failed);
                }
            },
        )
        .await;
        failure.unwrap_or_else(A::done)
    }
}

/// Calls `map` with every item, all at the same time, and folds the results in the order of the items (LOOP-8).
///
/// Unlike in C++ Seastar, where the order is that in which they end. Each result is folded as soon as those
/// before it have been. A `map` that can fail needs nothing special: let `reduce` take `Result`s, and the failure
/// with the lowest place is the result. Dropping the future drops all of them.
///
/// ```
/// use seastar::future::map_reduce;
///
/// async fn length(word: &str) -> Result<usize, String> {
///     seastar::yield_now().await;
///     if word.is_empty() { Err("an empty word".into()) } else { Ok(word.len()) }
/// }
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let squares = map_reduce(1..=4, async |n| n * n, 0, |sum, square| sum + square);
///     assert_eq!(squares.await, 30);
///
///     let lengths = map_reduce(["one", "three"], length, Ok(0), |sum: Result<_, _>, length| Ok(sum? + length?));
///     assert_eq!(lengths.await, Ok::<_, String>(8));
/// }
/// ```
///
/// # Panics
///
/// When polled: off a shard, and when the shard's memory budget (`-m`) is used up.
#[must_use = "futures do nothing until they are awaited"]
pub fn map_reduce<I, M, T, R, V>(items: I, map: M, initial: V, mut reduce: R) -> impl Future<Output = V>
where
    I: IntoIterator,
    M: AsyncFn(I::Item) -> T,
    R: FnMut(V, T) -> V,
{
    let mut items = items.into_iter().fuse();
    let mut value = Some(initial);
    async move {
        let map = &map;
        run::<_, _, true>(
            usize::MAX,
            || items.next().map(|item| move || map(item)),
            |output| value = value.take().map(|before| reduce(before, output)),
        )
        .await;
        value.take().expect("`reduce` has panicked")
    }
}

/// Runs the futures that `next` says how to make, at most so many at the same time, and passes on their outputs: in
/// the order of their start if `ORDERED`, and in that of their end if not.
fn run<F: Future, M: FnOnce() -> F, const ORDERED: bool>(
    concurrency_max: usize,
    mut next: impl FnMut() -> Option<M>,
    mut output: impl FnMut(F::Output),
) -> impl Future<Output = ()> {
    async move {
        let children = pin!(Children::<F, ORDERED>::new());
        let children = children.as_ref();
        poll_fn(|context| {
            let drain = || {
                while let Some(one) = children.take_front() {
                    output(one);
                }
            };
            children.poll_woken(context, drain, need_preempt);
            while children.running() < concurrency_max {
                let Some(make) = next() else { break };
                if let Some(one) = started(children, children.start_or_end(make)) {
                    output(one);
                }
                if need_preempt() {
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
            }
            if children.running() == 0 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// Starts one more child; panics without memory for it.
pub(super) fn start<F: Future, const ORDERED: bool>(
    children: Pin<&Children<F, ORDERED>>,
    make: impl FnOnce() -> F,
) {
    started(children, children.start(make));
}

#[inline]
fn started<F: Future, T, const ORDERED: bool>(
    children: Pin<&Children<F, ORDERED>>,
    started: Result<T, Busy>,
) -> T {
    #[cold]
    #[inline(never)]
    fn failed(others: usize, busy: Busy) -> ! {
        panic!("cannot start one more beside {others} others: {busy}")
    }
    started.unwrap_or_else(|busy| failed(children.running(), busy))
}
