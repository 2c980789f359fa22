//! `invoke_on_all`: running something on every shard.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::fan::{Fan, Targets};
use super::mesh::shard_count;
use super::submit::CallFailure;

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
/// of the lowest shard is returned. A call that panics is logged where it runs, and goes on to panic here when all have ended. Dropping
/// the future lets the calls on other shards finish; the one on this shard, which is run in place, is dropped.
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
/// When polled: if the call panics on some shard, on a thread that is no shard, and if a shard's memory budget is used up.
#[track_caller]
pub fn invoke_on_all<F, R>(call: F) -> InvokeOnAll<F, R>
where
    F: FnOnce() -> R + Clone + Send + 'static,
    R: Future<Output: Merge> + 'static,
{
    let state = State::Unmade(Some(call));
    InvokeOnAll { state, called_at: Location::caller(), merged: Merge::ok(), failure: None }
}

/// The future of [`invoke_on_all`].
#[must_use = "a call is made when it is awaited"]
pub struct InvokeOnAll<F, R: Future<Output: Merge>> {
    state: State<F, R>,
    called_at: &'static Location<'static>,
    merged: R::Output,
    /// Of the lowest shard where a call has no result.
    failure: Option<(usize, CallFailure)>,
}

enum State<F, R: Future> {
    Unmade(Option<F>),
    Made(Fan<F, R>),
}

impl<F, R> Future for InvokeOnAll<F, R>
where
    F: FnOnce() -> R + Clone + Send + 'static,
    R: Future<Output: Merge> + 'static,
{
    type Output = R::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<R::Output> {
        // SAFETY: only the fan is pinned, and it is not moved.
        let this = unsafe { self.get_unchecked_mut() };
        if let State::Unmade(call) = &mut this.state
            && let Some(call) = call.take()
        {
            this.state = State::Made(Fan::new(Targets::range(0..shard_count()), this.called_at, call));
        }
        let State::Made(fan) = &mut this.state else { unreachable!("it was made") };
        // SAFETY: as above.
        let mut fan = unsafe { Pin::new_unchecked(fan) };
        while let Some((shard, answer)) = ready!(fan.as_mut().poll_next(context)) {
            match answer {
                Ok(output) if output.is_failure() && !this.merged.is_failure() => this.merged = output,
                Ok(_) => {}
                Err(failure) => _ = this.failure.get_or_insert((shard, failure)),
            }
        }
        if let Some((shard, failure)) = this.failure.take() {
            failure.go_on(shard);
        }
        Poll::Ready(std::mem::replace(&mut this.merged, Merge::ok()))
    }
}

impl<F, R: Future<Output: Merge>> fmt::Debug for InvokeOnAll<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InvokeOnAll")
            .field("started", &matches!(self.state, State::Made(_)))
            .finish_non_exhaustive()
    }
}
