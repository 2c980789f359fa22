//! Fibers: where they live, how they are woken, how their results are read.
//!
//! A task is one block: header, then the future, then its result in the same place. See `raw` for the
//! states of a task and `waker` for why waking costs no reference count.

mod budget;
mod busy;
mod call;
mod child;
mod children;
mod inbox;
mod join;
mod outcome;
mod parent;
mod pool;
mod queue;
mod raw;
mod running;
mod sleeper;
mod slot;
mod spawn;
mod tasks;
mod waker;
mod yielding;

pub use budget::{check as check_size, check_answer, check_message, future_size};
pub use busy::Busy;
pub use call::{Arguments, Call, call, call_within};
pub use join::{JoinError, JoinHandle};
pub use outcome::Outcome;
pub use pool::{Pool, slot_size};
pub use running::abandoned_failures;
pub use spawn::{spawn, spawn_in, try_spawn};
pub use yielding::{YieldNow, yield_now};

pub(crate) use children::{Children, Outputs};
pub(crate) use inbox::Inbox;
pub(crate) use join::panic_message;
pub(crate) use pool::{pools, pools_size};
#[cfg(feature = "tracing")]
pub(crate) use running::running_fiber;
pub(crate) use running::{cancel_all, run_ready};
pub(crate) use sleeper::Sleeper;
pub(crate) use slot::{WakerSlot, guarded, wake};
pub(crate) use spawn::{spawn_at, spawn_daemon, spawn_detached};
pub(crate) use tasks::{Tasks, drain_inbox, has_ready, live, live_but_daemons, wake_all};
