//! Shard-per-core servers on io_uring: ordinary async code that never allocates.
//!
//! A program runs on one pinned thread per core, a *shard*, each with its own ring, memory and data.
//! Shards share nothing and talk by messages ([`submit_to`]). Within a shard, fibers ([`spawn`]) take
//! turns.
//!
//! ```no_run
//! #[seastar::main]
//! async fn main() -> std::io::Result<()> {
//!     let listener = seastar::net::listen("0.0.0.0:7777")?;
//!     listener
//!         .serve(async |stream| {
//!             let (mut input, mut output) = stream.split();
//!             loop {
//!                 let bytes = input.read().await?;
//!                 if bytes.is_empty() {
//!                     return output.close().await;
//!                 }
//!                 output.write_buffer(bytes).await?;
//!                 output.flush().await?;
//!             }
//!         })
//!         .await
//! }
//! ```
//!
//! This is an echo server on all cores. It has `--help`, runs on fewer cores with `-c`, and stops in order on Ctrl-C.
//!
//! # Three ways in
//!
//! The book, in the folder `book/` of the project, begins at each of them (`mdbook serve book`).
//!
//! **New to such servers?** Its tutorial goes from the smallest program to a service with limits. Here, look at
//! [`main`](macro@main), [`spawn`], [`sleep`], [`timeout`], then at [`net::listen`] and
//! [`TcpListener::serve`](net::TcpListener::serve), and when there is more than one client, at [`sync`].
//!
//! **From C++ Seastar?** Names are yours where the language lets them. What is different: futures are lazy, dropping one
//! cancels it, and failures are values.
//!
//! | C++ | here |
//! |---|---|
//! | `app_template` | [`main`](macro@main), [`run`] |
//! | `future<T>`, `.then`, `.finally` | `async fn`; [`future::FutureExt`] |
//! | `repeat`, `parallel_for_each`, `map_reduce` | the same in [`future`] |
//! | `semaphore`, `gate`, `shared_mutex`, `pipe` | [`sync`] |
//! | `with_semaphore`, `with_gate`, `do_with` | macros: [`with_semaphore!`], [`with_gate!`], [`do_with!`] |
//! | `(void)f()` | [`background!`] |
//! | `smp::submit_to`, `sharded<T>`, `foreign_ptr` | [`submit_to`], [`sharded`](macro@sharded) and [`Sharded`], [`ForeignPtr`] |
//! | `thread_local` | [`shard_local`](macro@shard_local) |
//! | `tls::`, `net::dns_resolver` | `tls` and `dns`, which are features |
//! | `temporary_buffer`, `input_stream`, `output_stream` | [`net::TemporaryBuffer`], [`net::InputStream`], [`net::OutputStream`] |
//!
//! **From tokio?** Fibers stay on their shard, so they need not be `Send`, and `Rc` and `RefCell` do what `Arc` and `Mutex` did.
//!
//! | tokio | here |
//! |---|---|
//! | `#[tokio::main]`, `#[tokio::test]` | [`main`](macro@main), [`test`](macro@test) |
//! | `spawn`, `JoinHandle::abort` | [`spawn`], [`JoinHandle::cancel`] |
//! | `join!`, `try_join!`, `select!` | [`when_all!`], [`when_all_succeed!`], [`when_any!`] |
//! | `time::sleep`, `timeout`, `interval` | [`sleep`], [`timeout`], [`time::interval`] |
//! | `AsyncReadExt`, `AsyncWriteExt` | methods of [`net::InputStream`] and [`net::OutputStream`]; reads take no buffer |
//! | `sync::Mutex`, `Semaphore`, `Notify`, `mpsc`, `oneshot` | [`sync::Mutex`], [`sync::Semaphore`], [`sync::Condvar`], [`sync::pipe`], [`future::Promise`] |
//! | `CancellationToken`, `TaskTracker` | [`sync::AbortSource`], [`sync::Gate`] |
//! | `Handle::spawn` from another thread | [`submit_to`] from a shard, [`alien`] from any other thread |
//! | `spawn_blocking` | [`unblock`] |
//! | `process::Command`, `signal::unix` | [`process::Command`], [`signal`] |
//! | `tracing_subscriber::fmt::init` | nothing, with the feature `tracing`; see [`compat`] |
//! | `tokio_rustls`, `net::lookup_host` | `tls` and `dns`, which are features |
//! | hyper, axum, codecs of tokio-util | the same, by [`compat`], behind features |
//!
//! # What holds everywhere
//!
//! - **Dropping a future ends what it does**, and leaves everything as if it had not been asked; where something is lost, its
//!   documentation says so. A fiber runs on without its handle.
//! - **Nothing is allocated** by any operation once the shard is warm. What takes memory takes it from the shard's budget, and says
//!   what happens when that is used up: `spawn` panics, `try_spawn` returns [`Busy`].
//! - **What is tied to a shard is not `Send`.** The compiler keeps it there.
//! - **Off a shard**, on a thread that is none, most of this panics and says so.
//! - Marks such as SEM-2 name statements about C++ Seastar that an item keeps to.

#[cfg(not(target_os = "linux"))]
compile_error!("seastar stands on io_uring, which only Linux has");

#[macro_use]
mod say;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod app;
mod atomic;
mod blocking;
pub mod compat;
#[cfg(feature = "dns")]
pub mod dns;
pub mod future;
mod macros;
mod mem;
pub mod net;
pub mod process;
mod reactor;
mod service;
pub mod signal;
mod smp;
pub mod sync;
mod sys;
mod task;
pub mod time;
#[cfg(feature = "tls")]
pub mod tls;

pub use app::error::StartError;
pub use app::exit::Exit;
pub use app::options::Options;
pub use app::{NotStarted, Stopping, is_stopping, run, stopping};
pub use blocking::{UnblockError, UnblockStatistics, unblock, unblock_statistics};
pub use clap;
pub use mem::{MemoryStatistics, ShardLocal};
pub use reactor::{maybe_yield, need_preempt};
pub use seastar_macros::{main, shard_local, sharded, task, test};
pub use service::{
    Call, CallError, CallOptions, Local, NotRunning, Service, ServiceGroup, Sharded, Startup, submit_to_with,
};
pub use smp::{
    Alien, AlienCall, AlienError, ForeignPtr, InvokeOnAll, Merge, Message, SubmitTo, alien, invoke_on_all,
    shard_count, submit_to, this_shard,
};
pub use task::{
    Busy, JoinError, JoinHandle, Outcome, YieldNow, abandoned_failures, spawn, try_spawn, yield_now,
};
pub use time::{sleep, timeout};

/// Says that blocking the shard is meant: the value of the expression, which the checks do not look into.
///
/// A fiber that blocks stops all others of its shard. `#[seastar::main]`, `#[seastar::test]` and `#[seastar::task]` therefore
/// refuse, while compiling, what is known to block (a file, a socket or a lock of `std`, `thread::sleep`), and a guard of a
/// `RefCell` or a lock that is held across an `.await`. Where it does no harm, as while a program
/// starts or in a test, put it in here.
///
/// ```
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     // Nobody is connected yet.
///     let machine = seastar::blocking_ok!(std::fs::read_to_string("/proc/sys/kernel/hostname")?);
///     println!("serving on {machine}");
///     Ok(())
/// }
/// ```
///
/// Without it, this does not compile:
///
/// ```compile_fail
/// #[seastar::main]
/// async fn main() -> std::io::Result<()> {
///     let machine = std::fs::read_to_string("/proc/sys/kernel/hostname")?;
///     println!("serving on {machine}");
///     Ok(())
/// }
/// ```
///
/// # Expansion
///
/// The expression, unchanged: `std::fs::read_to_string("/proc/sys/kernel/hostname")?`.
#[macro_export]
macro_rules! blocking_ok {
    ($expression:expr) => {
        $expression
    };
}

/// What the memory of this shard is used for; all zero on a thread that is no shard.
///
/// ```
/// #[seastar::main(shards = 1, memory = "64M")]
/// async fn main() {
///     let memory = seastar::memory_statistics();
///     assert!(memory.used <= memory.budget && memory.budget <= 64 << 20);
/// }
/// ```
pub fn memory_statistics() -> MemoryStatistics {
    mem::statistics()
}

/// Counts `bytes` that the program takes from the system itself, such as the mapping of a cache, against the budget of this
/// shard (`-m`), until the shard ends. False if they do not fit, or on a thread that is no shard; then nothing is counted.
///
/// ```
/// #[seastar::main(shards = 1, memory = "64M")]
/// async fn main() {
///     assert!(seastar::charge_memory(32 << 20));
///     assert!(seastar::memory_statistics().used > 32 << 20);
///     assert!(!seastar::charge_memory(64 << 20));
/// }
/// ```
#[must_use]
pub fn charge_memory(bytes: usize) -> bool {
    mem::charge(bytes)
}
