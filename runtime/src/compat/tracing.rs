//! [tracing](https://docs.rs/tracing): its events and spans in the log. Needs feature `tracing`.
//!
//! There is nothing to call. When the shards are started, by `#[seastar::main]`, `#[seastar::test]` or [`run`](crate::run), a subscriber is installed for all threads,
//! which writes to the log: what libraries say through `tracing` comes as lines like those of the crate `log`, with fields behind the message and spans before it.
//!
//! ```
//! use tracing::{Instrument, info, info_span};
//!
//! #[seastar::main(shards = 1)]
//! async fn main() {
//!     let answer = async {
//!         seastar::yield_now().await;
//!         info!(items = 3, "accepted");
//!     };
//!     // INFO  2026-11-23 08:05:18,123 [shard 0] shop - order{number=7}: accepted items=3
//!     answer.instrument(info_span!("order", number = 7)).await;
//! }
//! ```
//!
//! - **Levels** are those of the log: `--default-log-level`, and `--logger-log-level` for targets, which are modules where nothing else is said. They hold for spans, too: a span that
//!   is not recorded is not shown.
//! - **A span is entered each time its fiber is polled**, by `#[tracing::instrument]` on an `async fn` or by `Instrument`. So fibers that take turns keep their spans apart. A fiber
//!   that is spawned within a span is not in it by itself.
//! - **Lines of the crate `log`**, those of the runtime among them, show the spans they come from as well.
//! - **What is not recorded costs** a comparison, and allocates nothing. An event allocates nothing, a span that is recorded does.
//!
//! The guard of `Span::enter` must not be held across an `.await`: other fibers run meanwhile, as if within that span. In the bodies that our attributes check, that does not compile:
//!
//! ```compile_fail
//! #[seastar::main(shards = 1)]
//! async fn main() {
//!     let _entered = tracing::info_span!("order", number = 7).entered();
//!     seastar::yield_now().await;
//! }
//! ```
//!
//! # A subscriber of your own
//!
//! One that is there when the shards are started is left alone, as is a logger of the crate `log`: with that and without a subscriber, none is installed. A program that
//! installs its own in main says so, by `#[seastar::main(own_log = true)]` or [`Options::own_log`](crate::Options::own_log). What is different then:
//!
//! - What the runtime says are events of the target `seastar`, with the fields `shard` and `fiber`, the place where the fiber was spawned. Off a shard or a fiber the field is missing.
//! - [`shard`] and [`fiber`] tell the same to a subscriber that wants it for other events, of the thread that calls.
//! - Lines of the crate `log` go to the subscriber, too, in the way of the crate `tracing-log`. With `own_log` that is up to the program; `tracing_subscriber::fmt::init` sees to it.
//! - Levels are the subscriber's, and the options of the log mean nothing.

use std::panic::Location;

use crate::{smp, task};

/// The number of this thread's shard, or `None` on a thread that is no shard.
///
/// ```
/// assert_eq!(seastar::compat::tracing::shard(), None);
/// let on_a_shard = seastar::run(seastar::Options::new().shards(1), async || seastar::compat::tracing::shard());
/// assert_eq!(on_a_shard.unwrap(), Some(0));
/// ```
pub fn shard() -> Option<u32> {
    smp::current_shard()
}

/// The place where the fiber that runs was spawned, or `None` if none runs on this thread.
///
/// Places do not tell apart fibers of the same `spawn`; a span with a field does.
///
/// ```
/// use seastar::compat::tracing::fiber;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let spawned = seastar::spawn(async { fiber().map(|place| place.line()) });
///     assert_eq!(spawned.await.unwrap(), Some(line!() - 1));
/// }
/// ```
pub fn fiber() -> Option<&'static Location<'static>> {
    task::running_fiber()
}
