//! Calls that are given limits after they were written down, and before they are made.

use std::future::Future;
use std::time::Duration;

use super::call::OnShard;
use super::{CallError, CallOptions, NotRunning, options};
use crate::smp::{Message, SubmitTo};

/// A call to the instance of one shard, before it is made: what the calls of a [`#[seastar::sharded]`](macro@crate::sharded) service and
/// [`Sharded::invoke_on`](crate::Sharded::invoke_on) return.
///
/// Awaiting it makes the call. Limits are added before that.
///
/// ```
/// use seastar::{Call, CallError, CallOptions, sleep};
/// use std::time::Duration;
///
/// struct Store;
///
/// #[seastar::sharded]
/// impl Store {
///     async fn start() -> Self {
///         Store
///     }
///
///     #[route(key)]
///     async fn get(&self, key: u64) -> u64 {
///         sleep(Duration::from_millis(key)).await;
///         key
///     }
/// }
///
/// #[seastar::main(shards = 2, overprovisioned = true)]
/// async fn main() {
///     let store = Store::start_sharded().await;
///     assert_eq!(store.get(1).await, Ok(1));
///     assert_eq!(store.get(2).within(Duration::from_secs(60)).await, Ok(2));
///     let options = CallOptions::new().timeout(Duration::from_secs(60));
///     assert_eq!(store.get(3).with(options).await, Ok(3));
///     assert_eq!(store.get(60_000).within(Duration::from_millis(5)).await, Err(CallError::TimedOut));
/// }
/// ```
#[must_use = "a call is made when it is awaited"]
pub trait Call<T>: Future<Output = Result<T, NotRunning>> + Sized {
    /// The call within limits: a deadline, a group. Without a group of their own, the options leave the call in that of its service.
    ///
    /// # Panics
    ///
    /// If the call was made already.
    fn with(self, options: CallOptions) -> impl Future<Output = Result<T, CallError>>;

    /// The call, given up after `duration`, which counts from here: [`CallOptions::timeout`].
    ///
    /// The time goes along with the call. Where it is over when the call arrives, that does not begin; where the call runs, its future is dropped.
    ///
    /// # Panics
    ///
    /// If the call was made already.
    fn within(self, duration: Duration) -> impl Future<Output = Result<T, CallError>> {
        self.with(CallOptions::new().timeout(duration))
    }
}

impl<F, R, T> Call<T> for OnShard<SubmitTo<F, R>>
where
    F: FnOnce() -> R + Send + 'static,
    R: Future<Output = Result<T, NotRunning>> + 'static,
    T: Message,
{
    async fn with(self, options: CallOptions) -> Result<T, CallError> {
        match self {
            OnShard::Call(call) => {
                let (shard, called_at, call) = call.into_parts();
                Ok(options::submit(options, shard, called_at, call).await??)
            }
            OnShard::NotRunning(error) => Err(error.into()),
        }
    }
}
