//! How the fibers of one shard wait for each other.
//!
//! Nothing here locks, counts references in atomics, or allocates in order to wait: those who wait are linked through
//! their own futures. All of it belongs to one shard. Waiters are served in the order in which they came, and dropping a
//! future at any point leaves the object as if it had never asked.
//!
//! Every wait but those of a [`pipe`] can be given a time limit and an [`AbortSource`] by [`Limit`]. A pipe ends with its other side; for a time
//! limit there is [`timeout`](crate::timeout()), where a write that is dropped may have put its item into the pipe.

mod abort;
mod acquire;
mod barrier;
pub(crate) mod capacity;
mod condvar;
mod gate;
pub(crate) mod held;
mod limit;
pub(crate) mod list;
mod mutex;
mod pipe;
mod queue;
mod queue_error;
mod ring;
mod rwlock;
mod semaphore;
mod semaphore_error;
mod units;
mod wait;

pub use abort::{AbortRequested, AbortSource, Aborted, OnAbort};
pub use acquire::Acquire;
pub use barrier::Barrier;
pub use condvar::{Condvar, CondvarError};
pub use gate::{Gate, GateClosed, GateHolder, Holder, OwnedGateHolder};
pub use limit::{Limit, Unless, Within};
pub(crate) use limit::{Why, sealed::Sealed};
pub use mutex::{Mutex, MutexGuard};
pub use pipe::{BrokenPipe, PipeReader, PipeWriter, Read, Write, pipe};
pub use queue::Queue;
pub use queue_error::{QueueError, Rejected};
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use semaphore::{DYNAMIC, Semaphore};
pub use semaphore_error::SemaphoreError;
pub use units::{NotEnoughUnits, OwnedSemaphoreUnits, SemaphoreUnits, Units};
pub use wait::{GaveUp, Wait};
