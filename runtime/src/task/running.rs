//! Polling the tasks of a shard in turn, and what happens when one ends.

use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::ptr::NonNull;

use super::join::panic_message;
use super::raw::{self, CANCELLED, CHILD, DONE, DROPPING, HANDLE, Header, PANICKED, QUEUED, Unread};
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
        unsafe { task.as_ref() }.clear(CANCELLED);
        finish(task);
    }
}

/// Polls the task at the front of the queue; `false` if there is none.
#[inline]
fn run_next(tasks: &Inner) -> bool {
    let Some(front) = tasks.head.get() else { return false };
    // SAFETY: tasks in the queue are live, and a live task is only freed here or by `retire`.
    let task = unsafe { front.as_ref() };
    tasks.head.set(task.next.get());
    if tasks.head.get().is_none() {
        tasks.tail.set(None);
    }
    task.clear(QUEUED);
    if task.is(DONE) {
        // It ended while it was queued.
        if !task.is(HANDLE) {
            free(tasks, front);
        }
        return true;
    }
    tasks.running.set(Some(front));
    // SAFETY: live and not DONE.
    let polled = unsafe { (task.vtable().poll)(front) };
    tasks.running.set(None);
    if polled.is_ready() {
        task.clear(CANCELLED);
        finish(front);
    } else if task.is(CANCELLED) {
        task.clear(CANCELLED);
        cancel(front);
    }
    true
}

/// Ends a task that is not DONE by dropping its future.
pub(super) fn cancel(task: NonNull<Header>) {
    // SAFETY: whoever passes a task holds it by a handle, or found it live.
    let header = unsafe { task.as_ref() };
    let Some(tasks) = current() else { return };
    if header.is(DONE) {
        return;
    }
    if tasks.running.get() == Some(task) {
        // As soon as it has been polled.
        header.set(CANCELLED);
        return;
    }
    if header.is(DROPPING) {
        return;
    }
    // A destructor that cancels its own task must not come back here.
    header.set(DROPPING);
    // SAFETY: live and not DONE.
    unsafe { (header.vtable().drop_future)(task) };
    header.clear(DROPPING | CANCELLED);
    if !header.is(PANICKED) {
        header.set(CANCELLED);
    }
    finish(task);
}

/// The future is gone: tells who waits, or reports what nobody will read.
fn finish(task: NonNull<Header>) {
    // SAFETY: live.
    let header = unsafe { task.as_ref() };
    if header.is(PANICKED) {
        // Before it is DONE, and as if its future were being dropped: a logger that drops or cancels the
        // handle must not take away what is being logged.
        header.set(DROPPING);
        report_panic(header);
        header.clear(DROPPING);
    }
    header.set(DONE);
    if !header.is(HANDLE) {
        retire(task);
    } else {
        header.joiner.wake();
    }
}

/// Frees a DONE task without a handle, after reporting a failure that nobody read.
pub(super) fn retire(task: NonNull<Header>) {
    // SAFETY: live and DONE; the last one who could look at its result has just gone.
    let header = unsafe { task.as_ref() };
    header.joiner.clear();
    let failed = !header.is(CANCELLED) && discard(header);
    // If the shard that the task is of has ended, its slots stay as they are.
    let Some(tasks) = current().filter(|tasks| tasks.uid == header.number().shard()) else { return };
    if failed {
        tasks.abandoned.set(tasks.abandoned.get() + 1);
    }
    // A queued task is freed when its turn comes; it cannot leave the middle of the queue.
    if !header.is(QUEUED) {
        free(tasks, task);
    }
}

/// Drops a result that nobody read; says whether it was a failure, after reporting that.
fn discard(header: &Header) -> bool {
    let mut failed = header.is(PANICKED);
    // SAFETY: live and DONE; CANCELLED from here on, so that it happens once.
    unsafe {
        (header.vtable().discard)(NonNull::from(header), &mut |failure| {
            failed = true;
            let place = location(header);
            match failure {
                Unread::Returned(error) => log::warn!(
                    target: "seastar",
                    "Failed fiber ignored: the one spawned at {place} returned {error:?}",
                ),
                Unread::Panicked(panic) => log::error!(
                    target: "seastar",
                    "The result of a fiber panicked when it was dropped unread: the one spawned at {place}: {}",
                    panic_message(panic),
                ),
            }
        });
    }
    header.set(CANCELLED);
    failed
}

fn report_panic(header: &Header) {
    // SAFETY: live and PANICKED, so the stage holds the panic, and not DONE, so it stays.
    let message = panic_message(unsafe { raw::panic_of(header) });
    let place = location(header);
    // A logger that panics must not take the shard with it.
    let _ = catch_unwind(|| {
        log::error!(target: "seastar", "A fiber panicked: the one spawned at {place}: {message}");
    });
}

fn location(header: &Header) -> &'static Location<'static> {
    header.spawned_at.get().expect("live tasks know where they were spawned")
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
                log::error!(
                    target: "seastar",
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
