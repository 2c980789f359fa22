//! The loop of one shard: completions and time in, wakes out, and sleep when there is nothing to do.
//!
//! Stands on `task` and knows nothing of sockets or of other shards: those come in as
//! [`Source`]s of operations and as an [`Exchange`] of messages.

mod buffers;
mod preempt;
mod sends;
mod single;
mod source;
mod state;
mod timers;
mod turn;
mod turn_clock;
mod view;

pub(crate) use buffers::Received;
pub use preempt::{maybe_yield, need_preempt};
pub(crate) use single::{Payload, Single};
pub(crate) use source::{Shared, Source};
pub(crate) use state::{Reactor, Refused, Setup, with};
pub(crate) use timers::Entry as TimerEntry;
pub(crate) use turn::Exchange;
pub(crate) use view::{Filling, View};
