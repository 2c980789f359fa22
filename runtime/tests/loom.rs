//! All orders in which threads can meet in the lock-free parts. Run with
//! `RUSTFLAGS="--cfg loom" cargo test -p seastar --release --test loom`.
#![cfg(loom)]
#![allow(missing_docs, dead_code)]

/// In place of `src/atomic.rs`.
mod atomic {
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
    pub(crate) use loom::sync::{Mutex, MutexGuard};
}
/// In place of `src/task`.
mod task {
    pub(crate) use super::Inbox;

    /// No job here panics.
    pub(crate) fn guarded(_: impl std::fmt::Display, run: impl FnOnce()) {
        run();
    }
}
#[path = "../src/smp/dock.rs"]
mod dock;
#[path = "../src/smp/ring.rs"]
mod ring;
#[path = "../src/task/sleeper.rs"]
mod sleeper;

use std::num::NonZeroUsize;

use atomic::{AtomicBool, Ordering};
use dock::Dock;
use loom::cell::UnsafeCell;
use loom::sync::atomic::AtomicUsize;
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
use sleeper::Sleeper;

/// Stands for the ring in which a shard sleeps: a bell rung before the sleep ends it at once.
struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Bell {
    fn new() -> Bell {
        Bell { rung: Mutex::new(false), changed: Condvar::new() }
    }

    fn ring(&self) {
        *self.rung.lock().unwrap() = true;
        self.changed.notify_one();
    }

    fn sleep(&self) {
        let mut rung = self.rung.lock().unwrap();
        while !*rung {
            rung = self.changed.wait(rung).unwrap();
        }
        *rung = false;
    }
}

/// What a shard is woken by, as far as a dock is concerned.
struct Inbox {
    sleeper: Sleeper,
    bell: Bell,
}

impl Inbox {
    /// One for all of a run, like those of the runtime.
    fn leaked() -> &'static Inbox {
        Box::leak(Box::new(Inbox { sleeper: Sleeper::new(), bell: Bell::new() }))
    }

    fn nudge(&self) {
        if self.sleeper.must_wake() {
            self.bell.ring();
        }
    }

    fn sleep_unless(&self, has_news: impl Fn() -> bool) {
        self.sleeper.announce();
        if !has_news() {
            self.bell.sleep();
        }
        self.sleeper.awake();
    }
}

fn item(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).unwrap()
}

#[test]
fn items_cross_in_order_and_none_is_lost_when_the_ring_is_full() {
    loom::model(|| {
        let (producer, consumer) = ring::ring(2);
        let sender = thread::spawn(move || {
            for n in 1..=4 {
                while !producer.push(item(n)) {
                    thread::yield_now();
                }
            }
        });
        for n in 1..=4 {
            let received = loop {
                match consumer.pop() {
                    Some(received) => break received,
                    None => thread::yield_now(),
                }
            };
            assert_eq!(received, item(n));
        }
        assert_eq!(consumer.pop(), None);
        sender.join().unwrap();
    });
}

/// What a parcel is: plain memory, whose owner is whoever got the word last.
#[test]
fn an_item_carries_the_memory_behind_it_there_and_back() {
    loom::model(|| {
        let memory = Arc::new(UnsafeCell::new(1));
        let (there, arrivals) = ring::ring(1);
        let (back, answers) = ring::ring(1);
        let callee = thread::spawn({
            let memory = memory.clone();
            move || {
                while arrivals.pop().is_none() {
                    thread::yield_now();
                }
                // SAFETY: the item said that it is ours now.
                memory.with_mut(|memory| unsafe { *memory += 1 });
                assert!(back.push(item(1)));
            }
        });
        // SAFETY: not sent yet.
        memory.with_mut(|memory| unsafe { *memory *= 10 });
        assert!(there.push(item(1)));
        while answers.pop().is_none() {
            thread::yield_now();
        }
        // SAFETY: it came back.
        assert_eq!(memory.with(|memory| unsafe { *memory }), 11);
        callee.join().unwrap();
    });
}

/// A shard that finds nothing sleeps until its bell rings. If a sender's item and the shard's
/// announcement could miss each other, some order would end with the shard asleep beside the item: a deadlock.
#[test]
fn nobody_sleeps_beside_an_item() {
    loom::model(|| {
        let sleeper = Arc::new(Sleeper::new());
        let bell = Arc::new(Bell::new());
        let (producer, consumer) = ring::ring(2);
        let sender = thread::spawn({
            let (sleeper, bell) = (sleeper.clone(), bell.clone());
            move || {
                for n in 1..=2 {
                    assert!(producer.push(item(n)));
                    if sleeper.must_wake() {
                        bell.ring();
                    }
                }
            }
        });
        let mut received = 0;
        while received < 2 {
            while consumer.pop().is_some() {
                received += 1;
            }
            if received < 2 {
                sleeper.announce();
                if !consumer.has_items() {
                    bell.sleep();
                }
                sleeper.awake();
            }
        }
        sender.join().unwrap();
    });
}

/// The same with a flag, as the inbox does for wakes from foreign threads, and with two of them.
#[test]
fn nobody_sleeps_over_a_flag_that_two_threads_raise() {
    // Three threads have too many orders for all of them: those with up to three forced switches.
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let sleeper = Arc::new(Sleeper::new());
        let bell = Arc::new(Bell::new());
        let pending = Arc::new(AtomicBool::new(false));
        let raise = || {
            let (sleeper, bell, pending) = (sleeper.clone(), bell.clone(), pending.clone());
            thread::spawn(move || {
                pending.swap(true, Ordering::Release);
                if sleeper.must_wake() {
                    bell.ring();
                }
            })
        };
        let threads = [raise(), raise()];
        while !pending.swap(false, Ordering::Acquire) {
            sleeper.announce();
            if !pending.load(Ordering::Relaxed) {
                bell.sleep();
            }
            sleeper.awake();
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// A thread leaves two jobs, perhaps before the shard is there; the shard does them and sleeps in between.
#[test]
fn nobody_sleeps_beside_a_job() {
    // A lock makes many orders: those with up to three forced switches.
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let (dock, inbox, done) = (Arc::new(Dock::new()), Inbox::leaked(), Arc::new(AtomicUsize::new(0)));
        let poster = thread::spawn({
            let (dock, done) = (dock.clone(), done.clone());
            move || {
                for n in 0..2 {
                    let done = done.clone();
                    // Each finds those before it done.
                    let job = move || assert_eq!(done.fetch_add(1, Ordering::Relaxed), n);
                    assert!(dock.post(Box::new(job)).is_ok());
                }
            }
        });
        dock.open(inbox);
        loop {
            if dock.has_jobs() {
                dock.work();
            }
            if done.load(Ordering::Relaxed) == 2 {
                break;
            }
            inbox.sleep_unless(|| dock.has_jobs());
        }
        poster.join().unwrap();
    });
}

/// The shard ends while a thread leaves work: that is done, or dropped, or given back, and never left.
#[test]
fn a_job_that_meets_the_end_is_not_forgotten() {
    loom::model(|| {
        let (dock, inbox) = (Arc::new(Dock::new()), Inbox::leaked());
        dock.open(inbox);
        let job = std::sync::Arc::new(());
        let poster = thread::spawn({
            let (dock, job) = (dock.clone(), job.clone());
            move || drop(dock.post(Box::new(move || drop(job))))
        });
        if dock.has_jobs() {
            dock.work();
        }
        dock.close();
        poster.join().unwrap();
        assert_eq!(std::sync::Arc::strong_count(&job), 1);
        assert!(dock.post(Box::new(|| ())).is_err());
    });
}
