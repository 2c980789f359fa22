//! Calls that are limited: in time, or by a group.

use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::{Pin, pin};
use std::ptr::NonNull;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use std::{error, fmt, io};

use super::NotRunning;
use super::group::{Lane, ServiceGroup};
use crate::smp::{self, Message};
use crate::sync::{Limit, SemaphoreError};
use crate::time::{Timeout, timeout_at};

/// Limits of a call to another shard: a deadline, a group.
///
/// For [`submit_to_with`], and for calls to services: [`Call::with`](crate::Call::with).
///
/// ```
/// use seastar::{CallError, CallOptions, submit_to_with};
/// use std::time::Duration;
///
/// #[seastar::main(shards = 2, overprovisioned = true)]
/// async fn main() {
///     let options = CallOptions::new().timeout(Duration::from_millis(1));
///     let late = submit_to_with(options, 1, async || std::future::pending::<()>().await).await;
///     assert_eq!(late, Err(CallError::TimedOut));
/// }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct CallOptions {
    group: Option<&'static ServiceGroup>,
    deadline: Option<Instant>,
}

impl CallOptions {
    /// No limits.
    pub const fn new() -> CallOptions {
        CallOptions { group: None, deadline: None }
    }

    /// Makes the call one of a group, of which only so many run at the same time: see [`ServiceGroup`].
    pub const fn group(self, group: &'static ServiceGroup) -> CallOptions {
        CallOptions { group: Some(group), ..self }
    }

    /// Those of this group, unless there is another one already.
    pub(crate) fn or_group(self, group: &'static ServiceGroup) -> CallOptions {
        CallOptions { group: self.group.or(Some(group)), ..self }
    }

    /// Gives the call up at `deadline`, which goes along with it: where it is late already when it arrives, it does not begin, and where it runs, its
    /// future is dropped. Unlike in C++ Seastar, where a time limit covers the wait for the group only (SMP-4).
    ///
    /// ```
    /// use seastar::time::{Duration, Instant};
    /// use seastar::{CallOptions, submit_to_with};
    ///
    /// #[seastar::main(shards = 2, overprovisioned = true)]
    /// async fn main() {
    ///     // All calls share what is left of the time.
    ///     let options = CallOptions::new().deadline(Instant::now() + Duration::from_secs(60));
    ///     for shard in 0..seastar::shard_count() {
    ///         assert_eq!(submit_to_with(options, shard, async || seastar::this_shard()).await, Ok(shard));
    ///     }
    /// }
    /// ```
    pub const fn deadline(self, deadline: Instant) -> CallOptions {
        CallOptions { deadline: Some(deadline), ..self }
    }

    /// [`deadline`](Self::deadline), so much time from now.
    pub fn timeout(self, duration: Duration) -> CallOptions {
        CallOptions { deadline: Instant::now().checked_add(duration), ..self }
    }
}

/// Why a call with [`CallOptions`] has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallError {
    /// There is no instance on that shard.
    NotRunning(NotRunning),
    /// The deadline came first.
    TimedOut,
    /// The deadline came while the call waited for its group, and it was not made.
    Group(SemaphoreError),
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::NotRunning(error) => error.fmt(f),
            CallError::TimedOut => f.write_str("the call timed out"),
            CallError::Group(error) => error.fmt(f),
        }
    }
}

impl error::Error for CallError {}

impl From<NotRunning> for CallError {
    fn from(error: NotRunning) -> CallError {
        CallError::NotRunning(error)
    }
}

impl From<CallError> for io::Error {
    fn from(error: CallError) -> io::Error {
        match error {
            CallError::NotRunning(error) => error.into(),
            CallError::TimedOut | CallError::Group(_) => io::Error::new(io::ErrorKind::TimedOut, error),
        }
    }
}

/// [`submit_to`](crate::submit_to) within limits: [`CallOptions`] shows a deadline, [`ServiceGroup`] a group.
///
/// Dropping the future before it was polled makes no call; a call that was made runs on.
///
/// # Errors
///
/// [`CallError::TimedOut`] and [`CallError::Group`], when the deadline has come.
///
/// # Panics
///
/// As `submit_to` does.
#[track_caller]
pub fn submit_to_with<F, R>(
    options: CallOptions,
    shard: usize,
    call: F,
) -> impl Future<Output = Result<R::Output, CallError>>
where
    F: FnOnce() -> R + Send + 'static,
    R: Future<Output: Message> + 'static,
{
    smp::assert_exists(shard);
    submit(options, shard, Location::caller(), call)
}

/// [`submit_to_with`]; the shard exists.
pub(super) async fn submit<F, R>(
    options: CallOptions,
    shard: usize,
    called_at: &'static Location<'static>,
    call: F,
) -> Result<R::Output, CallError>
where
    F: FnOnce() -> R + Send + 'static,
    R: Future<Output: Message> + 'static,
{
    let CallOptions { group, deadline } = options;
    let mut units = None;
    if let Some(group) = group
        && shard != smp::this_shard()
    {
        let lane = group.lane(shard);
        let wait = lane.acquire_owned(1);
        let got = match deadline {
            Some(deadline) => wait.within(deadline.saturating_duration_since(Instant::now())).await,
            None => wait.await,
        };
        units = Some((got.map_err(CallError::Group)?, lane));
    }
    let mut sent = pin!(smp::submit_at(shard, called_at, move || Bounded::new(deadline, call)));
    let answer = poll_fn(|context| {
        let polled = sent.as_mut().poll(context);
        if let Some((units, lane)) = units.take() {
            // It is on its way, and its unit comes back when it does, whether or not anybody still waits for it.
            units.release();
            if let Some(word) = NonNull::new(Rc::into_raw(lane).cast_mut()) {
                sent.when_returned(word.cast());
            }
        }
        polled
    });
    match deadline {
        Some(deadline) => timeout_at(deadline, answer).await.unwrap_or(Err(CallError::TimedOut)),
        None => answer.await,
    }
}

/// A call that was limited by a lane has returned.
///
/// # Safety
///
/// The word is a lane that `submit` kept for this.
pub(super) unsafe fn call_returned(lane: NonNull<()>) {
    // SAFETY: promised by the caller: it is the reference that was not dropped.
    let lane: Lane = unsafe { Rc::from_raw(lane.cast().as_ptr()) };
    lane.signal(1);
}

/// A call on its shard, until the deadline.
enum Bounded<R> {
    Free(R),
    Timed(Timeout<R>),
    Late,
}

impl<R: Future> Bounded<R> {
    fn new(deadline: Option<Instant>, call: impl FnOnce() -> R) -> Bounded<R> {
        match deadline {
            None => Bounded::Free(call()),
            Some(deadline) if Instant::now() >= deadline => Bounded::Late,
            Some(deadline) => Bounded::Timed(timeout_at(deadline, call())),
        }
    }
}

impl<R: Future> Future for Bounded<R> {
    type Output = Result<R::Output, CallError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: both futures are pinned with `self`, and not moved.
        match unsafe { self.get_unchecked_mut() } {
            // SAFETY: as above.
            Bounded::Free(call) => unsafe { Pin::new_unchecked(call) }.poll(context).map(Ok),
            Bounded::Timed(call) => {
                // SAFETY: as above.
                let call = unsafe { Pin::new_unchecked(call) };
                call.poll(context).map(|answer| answer.map_err(|_| CallError::TimedOut))
            }
            Bounded::Late => Poll::Ready(Err(CallError::TimedOut)),
        }
    }
}
