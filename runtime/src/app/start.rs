//! Starting the shards, and waiting for them to end.

use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};

use super::config::Config;
use super::control::Control;
use super::error::StartError;
use super::options::Options;
use super::shard::{self, Follow, Lead};
use super::supervisor::{Ended, Supervisor};
use crate::blocking::Pool;
#[cfg(feature = "tracing")]
use crate::say::{self, Source};
use crate::smp::{self, Seat};
use crate::sys::cpuset;
use crate::sys::driver::Backend;
use crate::sys::limits;
use crate::sys::machine::Machine;
use crate::sys::signal;
#[cfg(feature = "tracing")]
use crate::task;

/// Runs `main` on the first of the shards that `options` ask for, and returns what it returns.
///
/// This is what `#[seastar::main]` expands to, without the command line, for programs that want to handle
/// failures to start themselves; [`Options::from_args`] reads the command line for them. The calling thread becomes
/// the first shard meanwhile.
/// When `main` has returned, fibers that are left are dropped. Several programs may run in one process,
/// one after another or on different threads.
///
/// # Errors
///
/// Why the shards could not be started, or [`StartError::Stopped`] if a signal ended the program before
/// `main` had returned, or a failure in the background did.
///
/// # Panics
///
/// With the panic of `main`, if it panics.
///
/// ```
/// let sum = seastar::run(seastar::Options::new().shards(1), async || 2 + 2);
/// assert_eq!(sum.unwrap(), 4);
///
/// let error = seastar::run(seastar::Options::new().shards(0), async || ()).unwrap_err();
/// assert!(error.to_string().starts_with("number of processing units must be positive"));
/// ```
#[track_caller]
pub fn run<F, T>(options: Options, main: F) -> Result<T, StartError>
where
    F: AsyncFnOnce() -> T + 'static,
    T: 'static,
{
    match run_to_end(options, main)?.0 {
        Ended::Returned(output) => Ok(output),
        Ended::Panicked(panic) => resume_unwind(panic),
        Ended::Stopped | Ended::Failed => Err(StartError::Stopped),
    }
}

/// [`run`], with the number of failures that nobody read.
#[track_caller]
pub(crate) fn run_to_end<F, T>(options: Options, main: F) -> Result<(Ended<T>, u64), StartError>
where
    F: AsyncFnOnce() -> T + 'static,
    T: 'static,
{
    assert!(smp::current_shard().is_none(), "a program cannot be run from within another one's shard");
    let config = Arc::new(options.resolve(&Machine::detect().map_err(StartError::Machine)?)?);
    #[cfg(feature = "tracing")]
    say::introduce(|| Source { shard: smp::current_shard(), fiber: task::running_fiber() });
    if !config.own_log {
        super::log::install(config.log.clone(), smp::current_shard);
    }
    limits::raise_descriptors();
    let backend = config.backend.decide()?;
    let handles_signals = !options.ignore_signals;
    if handles_signals {
        signal::watch(config.handle_interrupt).map_err(StartError::Machine)?;
    }
    let started_at = Location::caller();
    let mut supervisor = Supervisor::new(main, handles_signals, config.grace_period, started_at);
    let ran = run_shards(&config, backend, &mut supervisor);
    if handles_signals {
        signal::unwatch();
    }
    let abandoned = ran?;
    Ok((supervisor.finish(), abandoned))
}

/// Runs all shards until they end, the first one on this thread; returns how many failures nobody read.
fn run_shards(config: &Arc<Config>, backend: Backend, lead: &mut impl Lead) -> Result<u64, StartError> {
    let shards = config.cpus.len();
    let control = Arc::new(Control::new(shards));
    let pool = Arc::new(Pool::new(shards, config.blocking_threads, config.helper_cpus.clone()));
    let mut seats = smp::seats(shards as u32).into_iter();
    let first = seats.next().ok_or(StartError::NoShards)?;
    let mut followers = Vec::new();
    for (index, seat) in (1..).zip(seats) {
        // If this fails, those that were made end when they find that nobody will tell them to go.
        followers.push(follow(config.clone(), backend, pool.clone(), control.clone(), index, seat)?);
    }
    let threads: Vec<_> = followers.into_iter().map(|(go, thread)| go.send(()).map(|()| thread)).collect();
    let before = cpuset::affinity();
    surviving(0, || shard::run(config, backend, &pool, &control, 0, first, lead));
    threads.into_iter().flatten().for_each(|thread| drop(thread.join()));
    if let Ok(cpus) = before {
        // The thread was ours only for the time.
        let _ = cpuset::set_affinity(&cpus);
    }
    match control.take_failure() {
        Some(failure) => Err(failure),
        None => Ok(control.abandoned()),
    }
}

/// A thread that becomes a shard once it is told to go.
fn follow(
    config: Arc<Config>,
    backend: Backend,
    pool: Arc<Pool>,
    control: Arc<Control>,
    index: usize,
    seat: Seat,
) -> Result<(Sender<()>, JoinHandle<()>), StartError> {
    let (go, wait) = mpsc::channel();
    let body = move || {
        if wait.recv().is_ok() {
            surviving(index, || shard::run(&config, backend, &pool, &control, index, seat, &mut Follow));
        }
    };
    let thread = thread::Builder::new().name(format!("shard-{index}")).spawn(body);
    Ok((go, thread.map_err(StartError::Thread)?))
}

/// A shard whose loop fails takes the program with it: others wait for its answers.
fn surviving(index: usize, run: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(run)).is_err() {
        say!(Error, "The loop of shard {index} failed; this is the end");
        std::process::exit(1);
    }
}
