//! `seastar::unblock`.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::io;
use std::marker::PhantomData;
use std::pin::Pin;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use super::job::{self, Header, Job};
use super::pool::Shared;
use super::{HERE, Here};
use crate::task::panic_message;

/// Runs `work`, which may block, on a helper thread, and waits for what it returns. Meanwhile the shard goes on.
///
/// For files, for names that the system looks up, for libraries that know nothing of `async`, and for computations of more than a
/// millisecond. All shards of a program share at most `--blocking-threads` helpers, which start when they are needed. They are bound
/// to no CPU, so what computes takes its time from the shards.
///
/// Calls begin in the order in which they come. 256 of a shard wait or run; further ones wait on the shard, in order, before they take
/// anything. What a call needs lies in one block of the shard's memory: nothing is allocated once there are enough helpers.
///
/// A call whose future is dropped before it has begun never begins. One that has begun goes on, as nothing can end it; what it
/// returns is dropped on its thread. A program that stops waits for such calls until the grace period is over.
///
/// # Errors
///
/// [`UnblockError`] if `work` panics, if the shard's memory is used up, or if the system starts no thread. It converts to [`io::Error`],
/// so `unblock(|| std::fs::read(path)).await??` works in a function that returns one.
///
/// # Panics
///
/// On a thread that is no shard.
///
/// ```
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let system = seastar::unblock(|| std::fs::read_to_string("/proc/sys/kernel/ostype")).await??;
///     assert_eq!(system.trim(), "Linux");
///     let panicked = seastar::unblock(|| -> u8 { panic!("on the helper") }).await.unwrap_err();
///     assert!(panicked.is_panic());
///     Ok(())
/// }
/// ```
pub async fn unblock<F, T>(work: F) -> Result<T, UnblockError>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let Some(Here { shard, pool, places }) = HERE.with_borrow(Clone::clone) else {
        panic!("`unblock` on a thread that is no shard");
    };
    let _place = places.acquire_owned(1).await;
    pool.collect(shard);
    Call::<F, T>::begin(shard, pool, work)?.await
}

/// A call in the queue, or on a helper.
struct Call<F, T> {
    /// Nothing once its result was taken.
    job: Option<NonNull<Header>>,
    pool: Arc<Shared>,
    types: PhantomData<(F, T)>,
}

impl<F: FnOnce() -> T + Send + 'static, T: Send + 'static> Call<F, T> {
    fn begin(shard: usize, pool: Arc<Shared>, work: F) -> Result<Call<F, T>, UnblockError> {
        let job = Job::place(shard, work).ok_or(UnblockError(Why::Memory))?;
        // SAFETY: it is new.
        if let Err(error) = unsafe { pool.submit(job) } {
            // SAFETY: made here, and not in the queue.
            unsafe { job::free(job) };
            return Err(UnblockError(Why::Thread(error)));
        }
        Ok(Call { job: Some(job), pool, types: PhantomData })
    }
}

impl<F, T> Unpin for Call<F, T> {}

impl<F: FnOnce() -> T + Send + 'static, T: Send + 'static> Future for Call<F, T> {
    type Output = Result<T, UnblockError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let job = self.job.expect("polled again after its end");
        // SAFETY: it stays until `leave` or `free`.
        if !unsafe { self.pool.is_done(job, context.waker()) } {
            return Poll::Pending;
        }
        self.job = None;
        // SAFETY: done, and of these types; then nobody uses it any more. This is its shard, because the future cannot leave.
        let ending = unsafe {
            let ending = Job::<F, T>::take(job).expect("a job that is done has a result");
            job::free(job);
            ending
        };
        Poll::Ready(ending.map_err(|panic| UnblockError(Why::Panic(Mutex::new(panic)))))
    }
}

impl<F, T> Drop for Call<F, T> {
    fn drop(&mut self) {
        if let Some(job) = self.job.take() {
            // SAFETY: alive until here; if its body is ours, nobody else uses it any more.
            unsafe {
                if self.pool.leave(job) {
                    job::free(job);
                }
            }
        }
    }
}

/// Why [`unblock`] has no result.
///
/// ```
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let error = seastar::unblock(|| -> u8 { panic!("no such user") }).await.unwrap_err();
///     assert_eq!(error.to_string(), "what was unblocked panicked: no such user");
///     assert!(error.is_panic());
///     let panic = error.try_into_panic().unwrap();
///     assert_eq!(panic.downcast_ref(), Some(&"no such user"));
/// }
/// ```
pub struct UnblockError(Why);

enum Why {
    /// Behind a lock, so that the error may be looked at by several threads.
    Panic(Mutex<Box<dyn Any + Send>>),
    Memory,
    Thread(io::Error),
}

impl UnblockError {
    /// Whether the closure panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.0, Why::Panic(_))
    }

    /// What the panic carried, for `resume_unwind`; or the error as it was, if it is another.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, UnblockError> {
        match self.0 {
            Why::Panic(panic) => Ok(panic.into_inner().unwrap_or_else(PoisonError::into_inner)),
            why => Err(UnblockError(why)),
        }
    }
}

impl fmt::Display for UnblockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Why::Panic(panic) => {
                let panic = panic.lock().unwrap_or_else(PoisonError::into_inner);
                write!(f, "what was unblocked panicked: {}", panic_message(&**panic))
            }
            Why::Memory => {
                f.write_str("nothing was unblocked: the shard's memory budget is used up (see --memory)")
            }
            Why::Thread(error) => {
                write!(
                    f,
                    "nothing was unblocked, because no thread starts: {error}; raise the limit (`ulimit -u`)"
                )
            }
        }
    }
}

impl fmt::Debug for UnblockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnblockError({self})")
    }
}

impl std::error::Error for UnblockError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Why::Thread(error) => Some(error),
            Why::Panic(_) | Why::Memory => None,
        }
    }
}

impl From<UnblockError> for io::Error {
    fn from(error: UnblockError) -> io::Error {
        let kind = match &error.0 {
            Why::Panic(_) => io::ErrorKind::Other,
            Why::Memory => io::ErrorKind::OutOfMemory,
            Why::Thread(error) => error.kind(),
        };
        io::Error::new(kind, error)
    }
}

/// How the helpers of [`unblock`] are doing, for all shards: the answer of [`unblock_statistics`].
///
/// A queue that is never empty, or a long wait, says that there are too few of them (`--blocking-threads`), or that something hangs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnblockStatistics {
    /// Helper threads that were started.
    pub threads: usize,
    /// Calls that wait for one.
    pub queued: usize,
    /// Calls that one of them runs.
    pub running: usize,
    /// Calls that have ended since the program began.
    pub finished: u64,
    /// The longest time that a call waited for a helper since the program began.
    pub longest_wait: Duration,
}

/// How the helpers of [`unblock`] are doing; all zero on a thread that is no shard.
///
/// ```
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     seastar::unblock(|| ()).await.unwrap();
///     let statistics = seastar::unblock_statistics();
///     assert_eq!((statistics.threads, statistics.queued, statistics.running, statistics.finished), (1, 0, 0, 1));
/// }
/// ```
pub fn unblock_statistics() -> UnblockStatistics {
    let statistics = HERE.with_borrow(|here| here.as_ref().map(|here| here.pool.statistics()));
    statistics.map_or_else(UnblockStatistics::default, |statistics| UnblockStatistics {
        threads: statistics.threads,
        queued: statistics.queued,
        running: statistics.running,
        finished: statistics.finished,
        longest_wait: Duration::from_nanos(statistics.longest_wait),
    })
}
