//! Polling the tasks of a shard in turn, and what happens when one ends.

use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::ptr::NonNull;

use super::join::panic_message;
use super::raw::{self, CANCELLED, CHILD, DONE, DROPPING, HANDLE, Header, LIVE, PANICKED, QUEUED, Unread};
use super::tasks::{self, Inner, current, free};

/// Polls what is ready, oldest first, until nothing is or `enough` says so.
pub(crate) fn run_ready(mut enough: impl FnMut() -> bool) {
    let Some(tasks) = current() else { return };
    // Once around many polls, because it costs as much as a poll.
    while let Err(panic) = catch_unwind(AssertUnwindSafe(|| while run_next(tasks) && !enough() {})) {
        let Some(task) = tasks.running.take() else { resume_unwind(panic) };
        // SAFETY: the task was being polled when it panicked.
        unsafe { raw::panicked(task, panic) };
        // SAFETY: as above. A panic says more than the wish to be cancelled.
        unsafe { task.as_ref() }.marks.clear(CANCELLED);
        finish(task);
    }
}

/// Polls the task at the front of the queue; `false` if there is none.
#[inline]
fn run_next(tasks: &Inner) -> bool {
    let Some(front) = tasks.queue.pop() else { return false };
    // SAFETY: tasks in the queue are live, and a live task is only freed here or by `retire`.
    let task = unsafe { front.as_ref() };
    if !task.state.are(LIVE | QUEUED) {
        ended_in_queue(tasks, front);
        return true;
    }
    task.state.put(LIVE);
    tasks.running.set(Some(front));
    // SAFETY: live and not DONE.
    let polled = unsafe { (task.vtable().poll)(front) };
    tasks.running.set(None);
    if polled.is_ready() {
        if task.marks.has(CANCELLED) {
            task.marks.clear(CANCELLED);
        }
        end(front);
    } else if task.marks.has(CANCELLED) {
        task.marks.clear(CANCELLED);
        cancel(front);
    }
    true
}

/// A task ended while it was queued, and its turn came.
#[cold]
#[inline(never)]
fn ended_in_queue(tasks: &Inner, front: NonNull<Header>) {
    // SAFETY: as in `run_next`.
    let task = unsafe { front.as_ref() };
    task.state.clear(QUEUED);
    if !task.marks.has(HANDLE) {
        free(tasks, front);
    }
}

/// Ends a task that is not DONE by dropping its future.
pub(super) fn cancel(task: NonNull<Header>) {
    // SAFETY: whoever passes a task holds it by a handle, or found it live.
    let header = unsafe { task.as_ref() };
    let Some(tasks) = current() else { return };
    if header.state.has(DONE) {
        return;
    }
    if tasks.running.get() == Some(task) {
        // As soon as it has been polled.
        header.marks.set(CANCELLED);
        return;
    }
    if header.marks.has(DROPPING) {
        return;
    }
    // A destructor that cancels its own task must not come back here.
    header.marks.set(DROPPING);
    // SAFETY: live and not DONE.
    unsafe { (header.vtable().drop_future)(task) };
    header.marks.clear(DROPPING | CANCELLED);
    if !header.marks.has(PANICKED) {
        header.marks.set(CANCELLED);
    }
    finish(task);
}

/// The future is gone, perhaps in a panic.
#[cold]
fn finish(task: NonNull<Header>) {
    // SAFETY: live.
    let header = unsafe { task.as_ref() };
    if header.marks.has(PANICKED) {
        // Before it is DONE, and as if its future were being dropped: a logger that drops or cancels the
        // handle must not take away what is being logged.
        header.marks.set(DROPPING);
        report_panic(header);
        header.marks.clear(DROPPING);
    }
    end(task);
}

/// The future is gone: tells who waits, or reports what nobody will read.
#[inline]
fn end(task: NonNull<Header>) {
    // SAFETY: live.
    let header = unsafe { task.as_ref() };
    header.state.set(DONE);
    if header.marks.has(HANDLE) {
        header.joiner.wake();
    } else {
        retire(task);
    }
}

/// The handle of a task goes.
#[inline]
pub(super) fn let_go(task: NonNull<Header>) {
    // SAFETY: while HANDLE is set the slot is not freed.
    let header = unsafe { task.as_ref() };
    if header.state.are(LIVE | DONE)
        && header.marks.are(HANDLE | CANCELLED)
        && let Some(tasks) = home(header)
    {
        // Its result was taken, and whoever waited for that was woken.
        return free(tasks, task);
    }
    header.marks.clear(HANDLE);
    if header.state.has(DONE) {
        retire(task);
    }
}

/// The tasks of the shard that the task is of, unless that has ended.
#[inline]
fn home<'a>(header: &Header) -> Option<&'a Inner> {
    current().filter(|tasks| tasks.uid == header.number().shard())
}

/// Frees a DONE task without a handle, after reporting a failure that nobody read.
#[inline(never)]
fn retire(task: NonNull<Header>) {
    // SAFETY: live and DONE; the last one who could look at its result has just gone.
    let header = unsafe { task.as_ref() };
    header.joiner.clear();
    let failed = !header.marks.has(CANCELLED) && discard(header);
    // If the shard that the task is of has ended, its slots stay as they are.
    let Some(tasks) = home(header) else { return };
    if failed {
        tasks.abandoned.set(tasks.abandoned.get() + 1);
    }
    // A queued task is freed when its turn comes; it cannot leave the middle of the queue.
    if !header.state.has(QUEUED) {
        free(tasks, task);
    }
}

/// Drops a result that nobody read; says whether it was a failure, after reporting that.
fn discard(header: &Header) -> bool {
    let mut failed = header.marks.has(PANICKED);
    // SAFETY: live and DONE; CANCELLED from here on, so that it happens once.
    unsafe {
        (header.vtable().discard)(NonNull::from(header), &mut |failure| {
            failed = true;
            let place = location(header);
            match failure {
                Unread::Returned(error) => say!(
                    Warn of place,
                    "Failed fiber ignored: the one spawned at {place} returned {error:?}",
                ),
                Unread::Panicked(panic) => say!(
                    Error of place,
                    "The result of a fiber panicked when it was dropped unread: the one spawned at {place}: {}",
                    panic_message(panic),
                ),
            }
        });
    }
    header.marks.set(CANCELLED);
    failed
}

fn report_panic(header: &Header) {
    // SAFETY: live and PANICKED, so the stage holds the panic, and not DONE, so it stays.
    let message = panic_message(unsafe { raw::panic_of(header) });
    let place = location(header);
    // A logger that panics must not take the shard with it.
    let _ = catch_unwind(|| {
        say!(Error of place, "A fiber panicked: the one spawned at {place}: {message}");
    });
}

fn location(header: &Header) -> &'static Location<'static> {
    header.spawned_at.get().expect("live tasks know where they were spawned")
}

/// Where the fiber that is being polled was spawned, if one is.
#[cfg(feature = "tracing")]
pub(crate) fn running_fiber() -> Option<&'static Location<'static>> {
    // SAFETY: a task that is being polled is live.
    current()?.running.get().and_then(|task| unsafe { task.as_ref() }.spawned_at.get())
}

/// How often a shard looks for fibers that were started while others were dropped.
const LATE_ROUNDS_MAX: u32 = 100;

/// Drops the futures of all fibers; those that dropping starts as well, unless there is no end of them.
pub(crate) fn cancel_all() {
    // Children go with the futures that they are parts of.
    let cancel = || tasks::for_each_live(CHILD, |_, task| cancel(task));
    while cancel() > 0 {
        tasks::forget_ended();
        let Some(rounds) = current().map(|tasks| &tasks.late_rounds) else { return };
        rounds.set(rounds.get().saturating_add(1));
        if rounds.get() >= LATE_ROUNDS_MAX {
            if rounds.get() == LATE_ROUNDS_MAX {
                say!(
                    Error,
                    "Fibers go on starting others while they are dropped; the last are left as they are",
                );
            }
            return;
        }
    }
}

/// How many fibers of this shard failed without anybody reading it (FUT-9).
///
/// ```
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     assert_eq!(seastar::abandoned_failures(), 0);
/// }
/// ```
pub fn abandoned_failures() -> u64 {
    current().map_or(0, |tasks| tasks.abandoned.get())
}
