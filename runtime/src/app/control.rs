//! What the shards of one program agree on: how they start together, and how far they are with stopping.

use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex, PoisonError};

use super::error::StartError;
use crate::smp::Neighbour;

/// How far the program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Phase {
    Running,
    /// Fibers come to their end.
    Draining,
    /// What is left is dropped.
    Stopping,
}

/// Shared by all shards of a program.
pub(super) struct Control {
    phase: AtomicU8,
    barrier: Barrier,
    neighbours: Mutex<Vec<Option<Neighbour>>>,
    failure: Mutex<Option<StartError>>,
    /// Fibers of each shard that have not ended, and those of them that are no daemons; only kept while draining.
    live: Vec<AtomicUsize>,
    busy: Vec<AtomicUsize>,
    /// Shards whose calls to others are all answered.
    quiet: AtomicUsize,
    /// When the grace period is over; 0 while there is none.
    deadline: AtomicU64,
    /// Failures that nobody read, of the shards that have ended.
    abandoned: AtomicU64,
}

impl Control {
    pub(super) fn new(shards: usize) -> Control {
        Control {
            phase: AtomicU8::new(Phase::Running as u8),
            barrier: Barrier::new(shards),
            neighbours: Mutex::new(vec![None; shards]),
            failure: Mutex::new(None),
            live: (0..shards).map(|_| AtomicUsize::new(usize::MAX)).collect(),
            busy: (0..shards).map(|_| AtomicUsize::new(usize::MAX)).collect(),
            quiet: AtomicUsize::new(0),
            deadline: AtomicU64::new(0),
            abandoned: AtomicU64::new(0),
        }
    }

    /// Waits until every shard is as far as this one.
    pub(super) fn wait_for_all(&self) {
        self.barrier.wait();
    }

    /// A shard is set up, or is not. Returns when all are, with how to reach them, or nothing if one failed.
    pub(super) fn introduce(
        &self,
        shard: usize,
        own: Result<Neighbour, StartError>,
    ) -> Option<Vec<Neighbour>> {
        match own {
            Ok(own) => lock(&self.neighbours)[shard] = Some(own),
            Err(error) => {
                lock(&self.failure).get_or_insert(error);
            }
        }
        self.wait_for_all();
        lock(&self.neighbours).iter().copied().collect()
    }

    /// Why the shards did not start.
    pub(super) fn take_failure(&self) -> Option<StartError> {
        lock(&self.failure).take()
    }

    #[inline]
    pub(super) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            phase if phase == Phase::Running as u8 => Phase::Running,
            phase if phase == Phase::Draining as u8 => Phase::Draining,
            _ => Phase::Stopping,
        }
    }

    /// Goes on to `phase`, and wakes every shard to see it.
    pub(super) fn advance(&self, phase: Phase) {
        self.phase.fetch_max(phase as u8, Ordering::AcqRel);
        for neighbour in lock(&self.neighbours).iter().flatten() {
            neighbour.inbox.nudge();
        }
    }

    /// The grace period is over at `deadline`.
    pub(super) fn set_deadline(&self, deadline: u64) {
        self.deadline.store(deadline, Ordering::Release);
    }

    pub(super) fn deadline(&self) -> u64 {
        self.deadline.load(Ordering::Acquire)
    }

    /// A draining shard has so many fibers left, so many of which are no daemons.
    pub(super) fn report_live(&self, shard: usize, live: usize, busy: usize) {
        let ended =
            |fibers: &[AtomicUsize], left| fibers[shard].swap(left, Ordering::AcqRel) != left && left == 0;
        if (ended(&self.live, live) | ended(&self.busy, busy))
            && let Some(first) = lock(&self.neighbours)[0]
        {
            first.inbox.nudge();
        }
    }

    /// Whether no fiber is left on any shard.
    pub(super) fn is_idle(&self) -> bool {
        self.live.iter().all(|fibers| fibers.load(Ordering::Acquire) == 0)
    }

    /// Whether no fiber is left but daemons.
    pub(super) fn is_idle_but_daemons(&self) -> bool {
        self.busy.iter().all(|fibers| fibers.load(Ordering::Acquire) == 0)
    }

    /// No call of the shard is on its way any more, and it makes no new ones.
    pub(super) fn report_quiet(&self) {
        self.quiet.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn all_quiet(&self) -> bool {
        self.quiet.load(Ordering::Acquire) == self.live.len()
    }

    /// So many failures of a shard that has ended were read by nobody (FUT-9).
    pub(super) fn add_abandoned(&self, failures: u64) {
        self.abandoned.fetch_add(failures, Ordering::AcqRel);
    }

    /// Failures that nobody read, of all shards once they have ended.
    pub(super) fn abandoned(&self) -> u64 {
        self.abandoned.load(Ordering::Acquire)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
