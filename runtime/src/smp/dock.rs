//! What threads that are no shard of the program leave for its shards.
//!
//! Slow and simple next to the rings: a lock and a box for each piece of work.

use std::sync::{Arc, PoisonError};

use crate::atomic::{AtomicBool, Mutex, MutexGuard, Ordering};
use crate::task::{Inbox, guarded};

/// Work for a shard, done in its loop.
pub(super) type Job = Box<dyn FnOnce() + Send>;

/// What may panic in it: what the user's code made along.
const WORK: &str = "The drop of a call from another thread";

/// All docks of one program. Two programs are told apart by the address.
pub(super) type Docks = Arc<[Dock]>;

/// Where work for one shard is left.
pub(super) struct Dock {
    pier: Mutex<Pier>,
    waiting: AtomicBool,
}

struct Pier {
    /// `None` when the shard takes no more.
    jobs: Option<Vec<Job>>,
    /// There once the shard runs.
    inbox: Option<&'static Inbox>,
}

pub(super) fn docks(count: u32) -> Docks {
    (0..count).map(|_| Dock::new()).collect()
}

impl Dock {
    pub(super) fn new() -> Dock {
        let pier = Pier { jobs: Some(Vec::new()), inbox: None };
        Dock { pier: Mutex::new(pier), waiting: AtomicBool::new(false) }
    }

    /// The shard runs, and is woken by this.
    pub(super) fn open(&self, inbox: &'static Inbox) {
        self.lock().inbox = Some(inbox);
    }

    /// Leaves work; gives it back if the shard takes no more.
    pub(super) fn post(&self, job: Job) -> Result<(), Job> {
        let mut pier = self.lock();
        let Some(jobs) = &mut pier.jobs else { return Err(job) };
        jobs.push(job);
        self.waiting.store(true, Ordering::Relaxed);
        // Under the lock, so that the inbox is not another shard's already.
        if let Some(inbox) = pier.inbox {
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
        // Before they are taken: what comes in between is seen by a look too many, and not by none.
        self.waiting.store(false, Ordering::Relaxed);
        let jobs = self.lock().jobs.as_mut().map(std::mem::take);
        for job in jobs.into_iter().flatten() {
            guarded(WORK, job);
        }
    }

    /// Takes no more, and drops what was left.
    pub(super) fn close(&self) {
        let jobs = self.lock().jobs.take();
        for job in jobs.into_iter().flatten() {
            guarded(WORK, || drop(job));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Pier> {
        self.pier.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
