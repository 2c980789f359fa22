//! `invoke_on_all`: running something on every shard.

use std::cell::Cell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use super::mesh;
use super::submit::submit_at;
use crate::reactor::{Shared, Source};
use crate::sys::op::Completion;
use crate::task::{self, WakerSlot};

/// Results of several shards as one: nothing, or a `Result<(), E>`, of which the failure of the lowest shard that has one counts.
///
/// ```
/// #[seastar::main(shards = 2, overprovisioned = true)]
/// async fn main() {
///     let odd = async || if seastar::this_shard() == 1 { Err("shard 1 is odd") } else { Ok(()) };
///     assert_eq!(seastar::invoke_on_all(odd).await, Err("shard 1 is odd"));
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` of all shards cannot be made into one",
    label = "the result of every shard goes to the one that asked",
    note = "return nothing, or `Result<(), E>` with an error that may leave its shard (no `Rc`, no borrowed data); for other values, write `#[broadcast(reduce = ..)]` on a method of a service, or call `seastar::submit_to` for each shard"
)]
pub trait Merge: Sized + Send + 'static {
    /// The result if every shard's is `Ok` or nothing.
    #[doc(hidden)]
    fn ok() -> Self;
    /// Whether this is a failure, which takes precedence.
    #[doc(hidden)]
    fn is_failure(&self) -> bool;
}

impl Merge for () {
    fn ok() {}

    fn is_failure(&self) -> bool {
        false
    }
}

#[diagnostic::do_not_recommend]
impl<E: Send + 'static> Merge for Result<(), E> {
    fn ok() -> Self {
        Ok(())
    }

    fn is_failure(&self) -> bool {
        self.is_err()
    }
}

/// Runs a copy of `call` on every shard, this one included, and waits for all of them (SH-10).
///
/// The calls run at the same time. If some fail, all the others still run to their end, and the failure
/// of the lowest shard is returned. Dropping the future lets the calls finish on their own.
///
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// static VISITS: AtomicUsize = AtomicUsize::new(0);
///
/// #[seastar::main(shards = 2, overprovisioned = true)]
/// async fn main() {
///     seastar::invoke_on_all(async || {
///         VISITS.fetch_add(1 + seastar::this_shard(), Ordering::Relaxed);
///     })
///     .await;
///     assert_eq!(VISITS.load(Ordering::Relaxed), 1 + 2);
/// }
/// ```
///
/// # Panics
///
/// When polled: if the call panics on some shard, on a thread that is no shard, and if this shard's memory budget is used up.
#[track_caller]
pub fn invoke_on_all<F, R>(call: F) -> InvokeOnAll<F, R::Output>
where
    F: FnOnce() -> R + Clone + Send + 'static,
    R: Future<Output: Merge> + 'static,
{
    InvokeOnAll { call: Some(call), all: None, called_at: Location::caller() }
}

/// The future of [`invoke_on_all`]. Dropping it lets calls that were made run to their end.
#[must_use = "a call is made when it is awaited"]
pub struct InvokeOnAll<F, T: Merge> {
    call: Option<F>,
    all: Option<Shared<All<T>>>,
    called_at: &'static Location<'static>,
}

/// What the calls of one broadcast have come to.
struct All<T> {
    running: Cell<usize>,
    panicked: Cell<Option<usize>>,
    failure: Cell<Option<(usize, T)>>,
    waker: WakerSlot,
}

impl<T: Merge> Source for All<T> {
    fn complete(_: &Shared<Self>, _: &crate::reactor::Reactor, _: u8, _: Completion) {}
}

/// One of the calls; counted off when it is dropped, with or without a result.
struct One<T: Merge> {
    all: Shared<All<T>>,
    shard: usize,
    done: bool,
}

impl<T: Merge> One<T> {
    fn finish(mut self, output: T) {
        self.done = true;
        let earlier = self.all.failure.take();
        let first = earlier.as_ref().is_none_or(|(shard, _)| self.shard < *shard);
        self.all.failure.set(if output.is_failure() && first { Some((self.shard, output)) } else { earlier });
    }
}

impl<T: Merge> Drop for One<T> {
    fn drop(&mut self) {
        if !self.done {
            self.all.panicked.set(Some(self.shard));
        }
        self.all.running.set(self.all.running.get() - 1);
        if self.all.running.get() == 0 {
            self.all.waker.wake();
        }
    }
}

impl<F, T: Merge> Unpin for InvokeOnAll<F, T> {}

impl<F, R, T> Future for InvokeOnAll<F, T>
where
    F: FnOnce() -> R + Clone + Send + 'static,
    R: Future<Output = T> + 'static,
    T: Merge,
{
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        if let Some(call) = self.call.take() {
            self.all = Some(launch(call, self.called_at));
        }
        let all = self.all.as_ref().expect("a broadcast was polled after its end");
        if all.running.get() > 0 {
            all.waker.set(context.waker());
            return Poll::Pending;
        }
        if let Some(shard) = all.panicked.take() {
            panic!("the call panicked on shard {shard}");
        }
        let output = all.failure.take().map_or_else(T::ok, |(_, failure)| failure);
        self.all = None;
        Poll::Ready(output)
    }
}

fn launch<F, R, T>(call: F, called_at: &'static Location<'static>) -> Shared<All<T>>
where
    F: FnOnce() -> R + Clone + Send + 'static,
    R: Future<Output = T> + 'static,
    T: Merge,
{
    const NO_MEMORY: &str = "cannot call all shards: the memory budget of this one is used up (see --memory)";
    let all = All {
        running: Cell::new(0),
        panicked: Cell::new(None),
        failure: Cell::new(None),
        waker: WakerSlot::new(),
    };
    let Ok(all) = Shared::new(all) else { panic!("{NO_MEMORY}") };
    for shard in 0..mesh::shard_count() {
        all.running.set(all.running.get() + 1);
        let one = One { all: all.clone(), shard, done: false };
        let call = call.clone();
        let fiber = async move {
            let mut sent = pin!(submit_at(shard, called_at, call));
            // A panic goes on in the fiber that waits for all, and only there.
            let output = poll_fn(|context| {
                let polled = catch_unwind(AssertUnwindSafe(|| sent.as_mut().poll(context)));
                polled.map_or(Poll::Ready(None), |polled| polled.map(Some))
            });
            if let Some(output) = output.await {
                one.finish(output);
            }
        };
        task::spawn_detached(fiber, called_at).expect(NO_MEMORY);
    }
    all
}

impl<F, T: Merge> fmt::Debug for InvokeOnAll<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InvokeOnAll").field("started", &self.call.is_none()).finish_non_exhaustive()
    }
}
