//! Starting fibers.

use std::future::Future;
use std::panic::Location;
use std::ptr::NonNull;

use super::busy::Busy;
use super::join::JoinHandle;
use super::outcome::Outcome;
use super::pool::{Pool, Taken};
use super::raw::{self, DAEMON, HANDLE, Header};
use super::tasks::{self, Inner, current, number, take_slot};
use super::waker::SLOTS_MAX;

/// Starts a fiber on this shard and returns a handle to its result.
///
/// The fiber runs for the first time after the caller has suspended. Its memory is a block of the
/// shard's arena: nothing is allocated once the arena has seen the size.
///
/// # Panics
///
/// Off a shard, and when the shard's memory budget (`-m`) is used up; [`try_spawn`] returns that
/// as a value.
///
/// ```
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let squares: Vec<_> = (1..4).map(|n| seastar::spawn(async move { n * n })).collect();
///     let mut sum = 0;
///     for square in squares {
///         sum += square.await.unwrap();
///     }
///     assert_eq!(sum, 14);
/// }
/// ```
#[doc(alias = "spawn_local")]
#[inline]
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Outcome> + 'static,
{
    match start(future, HANDLE, Location::caller()) {
        Ok(task) => JoinHandle::new(task),
        Err(busy) => panic!("cannot spawn: {busy}"),
    }
}

/// Starts a fiber like [`spawn`], or says that there is no memory for it.
///
/// The future is dropped in that case.
///
/// ```
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     match seastar::try_spawn(async { 7 }) {
///         Ok(handle) => assert_eq!(handle.await.unwrap(), 7),
///         Err(busy) => eprintln!("shedding load: {busy}"),
///     }
/// }
/// ```
#[track_caller]
pub fn try_spawn<F>(future: F) -> Result<JoinHandle<F::Output>, Busy>
where
    F: Future<Output: Outcome> + 'static,
{
    spawn_at(future, Location::caller())
}

/// [`try_spawn`]; `spawned_at` stands in reports of its failure.
pub(crate) fn spawn_at<F>(
    future: F,
    spawned_at: &'static Location<'static>,
) -> Result<JoinHandle<F::Output>, Busy>
where
    F: Future<Output: Outcome> + 'static,
{
    start(future, HANDLE, spawned_at).map(JoinHandle::new)
}

/// Starts a fiber without a handle; `spawned_at` stands in reports of its failure.
pub(crate) fn spawn_detached<F>(future: F, spawned_at: &'static Location<'static>) -> Result<(), Busy>
where
    F: Future<Output: Outcome> + 'static,
{
    start(future, 0, spawned_at).map(drop)
}

/// [`spawn_detached`], as a daemon.
pub(crate) fn spawn_daemon<F>(future: F, spawned_at: &'static Location<'static>) -> Result<(), Busy>
where
    F: Future<Output: Outcome> + 'static,
{
    start(future, DAEMON, spawned_at)?;
    tasks::expect_daemons();
    Ok(())
}

/// Starts a fiber in a slot of `pool`, which a function with `#[seastar::task(pool = N)]` does.
///
/// The future is made in its slot. `pool` has to be in the table of pools.
#[inline]
#[track_caller]
pub fn spawn_in<A, F>(
    pool: &'static Pool,
    function: impl FnOnce(A) -> F,
    arguments: A,
) -> Result<JoinHandle<F::Output>, Busy>
where
    F: Future<Output: Outcome> + 'static,
{
    let tasks = current().ok_or_else(Busy::here)?;
    let lane = tasks.pools.get(pool.index()).expect("every pool is in the table");
    assert!(lane.holds(raw::slot_size::<F>()), "a pool is for the function that it was made for");
    let slot = match lane.take().ok_or_else(|| Busy::pool(pool))? {
        Taken::Again(slot) => slot,
        Taken::First(slot, place) => {
            number(tasks, slot, lane.chunk + place / SLOTS_MAX);
            slot
        }
    };
    // SAFETY: a free slot of sufficient size, with a number.
    unsafe { raw::start_pooled(slot, || function(arguments), HANDLE, Location::caller()) };
    begin(tasks, slot);
    Ok(JoinHandle::new(slot))
}

#[inline]
fn start<F>(future: F, marks: u8, spawned_at: &'static Location<'static>) -> Result<NonNull<Header>, Busy>
where
    F: Future<Output: Outcome> + 'static,
{
    let class = raw::vtable::<F>().class;
    let tasks = current().ok_or_else(Busy::here)?;
    let slot = take_slot(tasks, class)?;
    // SAFETY: a free slot of the class of `F`; `carve` gave it a number.
    unsafe { raw::start(slot, future, marks, spawned_at) };
    begin(tasks, slot);
    Ok(slot)
}

/// Queues a task that was just made.
#[inline]
fn begin(tasks: &Inner, slot: NonNull<Header>) {
    tasks.live.set(tasks.live.get() + 1);
    // SAFETY: callers have just made it live.
    tasks.queue.link(unsafe { slot.as_ref() });
}
