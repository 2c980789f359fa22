//! What threads that are no shard of the program leave for its shards.
//!
//! Slow and simple next to the rings: a lock and a box for each piece of work.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::task::{self, Inbox};

/// Work for a shard, done in its loop.
pub(super) type Job = Box<dyn FnOnce() + Send>;

/// All docks of one program. Two programs are told apart by the address.
pub(super) type Docks = Arc<[Dock]>;

/// Where work for one shard is left.
pub(super) struct Dock {
    /// Set once the shard runs.
    inbox: OnceLock<&'static Inbox>,
    /// `None` when the shard takes no more.
    jobs: Mutex<Option<Vec<Job>>>,
    waiting: AtomicBool,
}

pub(super) fn docks(count: u32) -> Docks {
    let dock = |_| Dock {
        inbox: OnceLock::new(),
        jobs: Mutex::new(Some(Vec::new())),
        waiting: AtomicBool::new(false),
    };
    (0..count).map(dock).collect()
}

impl Dock {
    /// The shard runs, and is woken by this.
    pub(super) fn open(&self, inbox: &'static Inbox) {
        let _ = self.inbox.set(inbox);
    }

    /// Leaves work; gives it back if the shard takes no more.
    pub(super) fn post(&self, job: Job) -> Result<(), Job> {
        let mut jobs = lock(&self.jobs);
        let Some(open) = &mut *jobs else { return Err(job) };
        open.push(job);
        self.waiting.store(true, Ordering::Release);
        // Under the lock, so that the inbox is not another shard's already.
        if let Some(inbox) = self.inbox.get() {
            inbox.nudge();
        }
        Ok(())
    }

    #[inline]
    pub(super) fn has_jobs(&self) -> bool {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Does what was left.
    #[cold]
    pub(super) fn work(&self) {
        self.waiting.store(false, Ordering::Relaxed);
        let jobs = lock(&self.jobs).as_mut().map(std::mem::take);
        for job in jobs.into_iter().flatten() {
            guarded(job);
        }
    }

    /// Takes no more, and drops what was left.
    pub(super) fn close(&self) {
        let jobs = lock(&self.jobs).take();
        for job in jobs.into_iter().flatten() {
            guarded(|| drop(job));
        }
    }
}

/// Work brings what the user's code made along, whose drop may panic: the loop goes on.
fn guarded(work: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
        let message = task::panic_message(&*panic);
        log::error!(target: "seastar", "The drop of a call from another thread panicked: {message}");
    }
}

fn lock(jobs: &Mutex<Option<Vec<Job>>>) -> MutexGuard<'_, Option<Vec<Job>>> {
    jobs.lock().unwrap_or_else(PoisonError::into_inner)
}
