//! Services: objects of which every shard has its own, and the calls to them.
//!
//! An instance lies in its shard's arena; the handle is a word that every shard looks up in a table of its own. The first
//! shard leads: it starts services, keeps them in the order of their start, and stops them.

mod call;
mod error;
mod group;
mod handle;
mod instance;
mod limited;
mod options;
mod registry;
mod route;
mod start;
mod stop;
mod table;
mod word;

pub use call::{ServiceCall, call_all, call_on, call_reduce};
pub use error::NotRunning;
pub use group::ServiceGroup;
pub use handle::Sharded;
pub use instance::Local;
pub use limited::Call;
pub use options::{CallError, CallOptions, submit_to_with};
pub(crate) use registry::has_services;
pub use start::Startup;
pub(crate) use stop::stop_services;
pub(crate) use table::Services;

use crate::smp::Merge;
use crate::task::Outcome;

/// A service: a type of which every shard has an instance, for its own part of the work (SH-1).
///
/// [`Sharded::start`] makes the instances and returns the handle through which they are called; nothing is shared
/// between them. A service has no other duties than to say how it stops, and the default is that it just does.
/// [`#[seastar::sharded]`](macro@crate::sharded) implements it for a block of methods, and makes them calls that know where they run.
///
/// ```
/// use seastar::{Service, Sharded};
/// use std::cell::Cell;
///
/// struct Counter {
///     count: Cell<u64>,
/// }
///
/// impl Service for Counter {
///     type Stopped = ();
///
///     async fn stop(&self) {
///         println!("counted to {} on shard {}", self.count.get(), seastar::this_shard());
///     }
/// }
///
/// #[seastar::main(shards = 2, overprovisioned = true)]
/// async fn main() -> Result<(), seastar::NotRunning> {
///     let counter = Sharded::start(async |_| Counter { count: Cell::new(0) }).await;
///     counter.invoke_on(1, async |counter: &Counter| counter.count.set(7)).await?;
///     let sum = counter.map_reduce(async |counter: &Counter| counter.count.get(), 0, |sum, n| sum + n).await?;
///     assert_eq!(sum, 7);
///     counter.stop().await;
///     Ok(())
/// }
/// ```
pub trait Service: Sized + 'static {
    /// What stopping comes to: nothing, or a `Result<(), E>`.
    type Stopped: Merge + Outcome;

    /// The first phase of [`Sharded::stop`], on every shard at the same time (SH-5).
    ///
    /// While it runs, the instance can be called as before, on all shards. It should end what the service does by itself: close
    /// gates, wait for fibers. The instance is dropped when this has ended on all shards and no call is
    /// running in it, also where this fails.
    fn stop(&self) -> impl Future<Output = Self::Stopped> {
        std::future::ready(Self::Stopped::ok())
    }
}
