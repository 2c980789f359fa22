//! Continuations and loops: what `.await`, `loop` and `for` do not say as well.
//!
//! Stands on `time` and `sync`. Everything here is a part of the caller's own future, so it may borrow what the
//! caller has, and dropping it ends all of it; what runs many futures at the same time keeps each in a block of
//! the shard's memory. Nothing allocates.

mod all;
mod bodies;
mod chain;
mod errors;
mod ext;
mod finally;
mod generate;
pub(crate) mod joined;
mod loops;
mod parallel;
mod promise;
mod promised;
pub(crate) mod question;
mod shared;
mod stream;
mod then;

pub use all::{Outputs, Values, when_all, when_all_succeed, when_any};
pub use bodies::{Action, Attempt, Iteration};
pub use errors::OfType;
pub use ext::{FutureExt, TryFuture};
pub use finally::{Cleanup, Finally, FinallyError};
pub use generate::{Emit, Emitter, Generate, generate};
pub use loops::{do_for_each, do_until, keep_doing, repeat, repeat_until_value};
pub use parallel::{map_reduce, max_concurrent_for_each, parallel_for_each};
pub use promise::{BrokenPromise, Promise, Promised};
pub use shared::{SharedFuture, SharedWait};
pub use stream::{Next, StreamExt};
pub use then::{DiscardResult, HandleError, HandleErrorType, Then, ThenWrapped};
