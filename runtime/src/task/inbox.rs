//! Wakes from threads that are not the task's shard.
//!
//! Inboxes are never freed, so a waker may outlive its shard: its wake then goes to whoever has the
//! number now, who finds another generation or, at worst, polls a task once too often.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{io, ptr};

use super::Sleeper;
use crate::sys::event::Event;

/// Shards that may live in one process at the same time.
pub(crate) const SHARDS_MAX: usize = 4096;

/// Numbers that rest after their shard has ended, so that late wakers rarely meet a later shard. Each
/// keeps a descriptor open.
const RESTING: usize = 64;

static INBOXES: [AtomicPtr<Inbox>; SHARDS_MAX] = [const { AtomicPtr::new(ptr::null_mut()) }; SHARDS_MAX];
/// Numbers of shards that ended, oldest first, and how many were ever used.
static NUMBERS: Mutex<(VecDeque<usize>, usize)> = Mutex::new((VecDeque::new(), 0));

/// How others reach a shard: the tasks they woke, and the bell that ends its sleep.
#[derive(Debug)]
pub(crate) struct Inbox {
    uid: usize,
    woken: Mutex<Woken>,
    pending: AtomicBool,
    pub(crate) sleeper: Sleeper,
    pub(crate) event: Event,
}

#[derive(Debug)]
struct Woken {
    /// Whether there is a shard that will take them.
    open: bool,
    tasks: Vec<u64>,
}

impl Inbox {
    /// An inbox with a number that no living shard of the process has.
    pub(crate) fn open() -> io::Result<&'static Inbox> {
        let mut numbers = lock(&NUMBERS);
        let (ended, used) = &mut *numbers;
        if *used < SHARDS_MAX && ended.len() < RESTING {
            let uid = *used;
            let inbox: &'static Inbox = Box::leak(Box::new(Inbox {
                uid,
                woken: Mutex::new(Woken { open: true, tasks: Vec::with_capacity(256) }),
                pending: AtomicBool::new(false),
                sleeper: Sleeper::new(),
                event: Event::new()?,
            }));
            *used += 1;
            INBOXES[uid].store(ptr::from_ref(inbox).cast_mut(), Ordering::Release);
            return Ok(inbox);
        }
        let oldest = ended.pop_front();
        let inbox = oldest.and_then(Inbox::of).ok_or_else(|| {
            io::Error::other(format!("{SHARDS_MAX} shards live in this process; no more fit"))
        })?;
        lock(&inbox.woken).open = true;
        Ok(inbox)
    }

    /// The shard has ended: wakes come to nothing from now on, and do not gather.
    pub(super) fn close(&self) {
        self.sleeper.awake();
        let mut woken = lock(&self.woken);
        woken.open = false;
        woken.tasks.clear();
    }

    /// Nothing of the ended shard is left but wakers; its number may be used again.
    pub(super) fn retire(&self) {
        lock(&NUMBERS).0.push_back(self.uid);
    }

    /// The inbox with this number, if a shard ever had it.
    pub(crate) fn of(uid: usize) -> Option<&'static Inbox> {
        // SAFETY: only `open` stores here, and what it stores is leaked.
        unsafe { INBOXES.get(uid)?.load(Ordering::Acquire).as_ref() }
    }

    pub(crate) fn uid(&self) -> usize {
        self.uid
    }

    /// Leaves a task's number, and wakes the shard if it sleeps.
    pub(super) fn wake(&self, number: u64) {
        let mut woken = lock(&self.woken);
        if !woken.open {
            return;
        }
        // Who wakes the same task again and again does not fill the memory of a shard that is busy.
        if woken.tasks.last() != Some(&number) {
            woken.tasks.push(number);
        }
        drop(woken);
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
            lock(&self.woken).tasks.drain(..).for_each(&mut each);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wakes_gather_neither_for_an_ended_shard_nor_for_one_task() {
        let inbox = Inbox::open().unwrap();
        let waiting = || lock(&inbox.woken).tasks.len();
        (0..1000).for_each(|_| inbox.wake(7));
        assert_eq!(waiting(), 1);
        inbox.close();
        (0..1000).for_each(|number| inbox.wake(number));
        assert_eq!(waiting(), 0);
        inbox.retire();
    }
}
