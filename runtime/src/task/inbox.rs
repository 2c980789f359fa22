//! Wakes from threads that are not the task's shard.
//!
//! Inboxes are never freed, so a waker may outlive its shard: its wake then goes to whoever has the
//! number now, who finds another generation or, at worst, polls a task once too often.

use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{io, ptr};

use super::Sleeper;
use crate::sys::event::Event;

/// Shards that may live in one process at the same time.
pub(crate) const SHARDS_MAX: usize = 4096;

static INBOXES: [AtomicPtr<Inbox>; SHARDS_MAX] = [const { AtomicPtr::new(ptr::null_mut()) }; SHARDS_MAX];
/// Numbers of shards that ended, oldest first, and how many were ever used.
static NUMBERS: Mutex<(Vec<usize>, usize)> = Mutex::new((Vec::new(), 0));

/// How others reach a shard: the tasks they woke, and the bell that ends its sleep.
#[derive(Debug)]
pub(crate) struct Inbox {
    uid: usize,
    woken: Mutex<Vec<u64>>,
    pending: AtomicBool,
    pub(crate) sleeper: Sleeper,
    pub(crate) event: Event,
}

impl Inbox {
    /// An inbox with a number that no living shard of the process has.
    pub(crate) fn open() -> io::Result<&'static Inbox> {
        let mut numbers = lock(&NUMBERS);
        let (ended, used) = &mut *numbers;
        if *used < SHARDS_MAX {
            let uid = *used;
            let inbox: &'static Inbox = Box::leak(Box::new(Inbox {
                uid,
                woken: Mutex::new(Vec::with_capacity(256)),
                pending: AtomicBool::new(false),
                sleeper: Sleeper::new(),
                event: Event::new()?,
            }));
            *used += 1;
            INBOXES[uid].store(ptr::from_ref(inbox).cast_mut(), Ordering::Release);
            return Ok(inbox);
        }
        if ended.is_empty() {
            return Err(io::Error::other("4096 shards live in this process; no more fit"));
        }
        Inbox::of(ended.remove(0)).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// The shard has ended; its number may be used again.
    pub(crate) fn close(&self) {
        self.sleeper.awake();
        lock(&NUMBERS).0.push(self.uid);
    }

    pub(super) fn of(uid: usize) -> Option<&'static Inbox> {
        // SAFETY: only `open` stores here, and what it stores is leaked.
        unsafe { INBOXES[uid].load(Ordering::Acquire).as_ref() }
    }

    pub(crate) fn uid(&self) -> usize {
        self.uid
    }

    /// Leaves a task's number, and wakes the shard if it sleeps.
    pub(super) fn wake(&self, number: u64) {
        lock(&self.woken).push(number);
        self.nudge();
    }

    /// Makes the shard take a turn, whether it sleeps or is about to.
    pub(crate) fn nudge(&self) {
        self.pending.swap(true, Ordering::Release);
        if self.sleeper.must_wake() {
            self.event.raise();
        }
    }

    /// Whether others woke tasks here.
    #[inline]
    pub(crate) fn has_news(&self) -> bool {
        self.pending.load(Ordering::Relaxed)
    }

    /// Hands the numbers that others left to `each`.
    pub(super) fn drain(&self, mut each: impl FnMut(u64)) {
        if self.pending.swap(false, Ordering::Acquire) {
            lock(&self.woken).drain(..).for_each(&mut each);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
