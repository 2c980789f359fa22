//! LOCK-1 to LOCK-4: mutex, readers and writers, condition variables; and barriers.

use std::cell::Cell;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use seastar::sync::{AbortSource, Barrier, Condvar, CondvarError, GaveUp, Limit, Mutex, RwLock};
use seastar::{spawn, yield_now};

use crate::poll::{now, poll};

const MS: Duration = Duration::from_millis(1);

/// What a future that has to be done by now has come to.
#[track_caller]
fn done<F: Future>(future: Pin<&mut F>) -> F::Output {
    let Poll::Ready(output) = poll(future) else { panic!("not done") };
    output
}

#[test]
fn lock_1_a_mutex_goes_to_those_who_wait_in_order() {
    let mutex = Mutex::new(Vec::new());
    let first = now(mutex.lock());
    let mut waits: Vec<_> = (0..3).map(|_| Box::pin(mutex.lock())).collect();
    assert!(waits.iter_mut().all(|wait| poll(wait.as_mut()).is_pending()));
    drop(first);
    assert!(mutex.try_lock().is_none(), "it was handed on");
    // Granted to the first, who goes without having taken it.
    drop(waits.remove(0));
    for (n, wait) in waits.iter_mut().enumerate() {
        done(wait.as_mut()).push(n);
    }
    assert_eq!(*mutex.try_lock().unwrap(), [0, 1]);
    drop(waits);
    assert_eq!(mutex.into_inner(), [0, 1]);
}

#[test]
fn lock_1_a_panic_unlocks() {
    let mutex = Rc::new(Mutex::new(1));
    let copy = mutex.clone();
    let panics = std::panic::AssertUnwindSafe(move || {
        let mut guard = copy.try_lock().unwrap();
        *guard = 2;
        panic!("inside");
    });
    std::panic::catch_unwind(panics).unwrap_err();
    assert_eq!(*mutex.try_lock().unwrap(), 2);
}

#[seastar::test]
async fn lock_1_waiting_for_a_mutex_can_be_given_up() {
    let (mutex, source) = (Mutex::new(()), AbortSource::new());
    let guard = mutex.lock().within(MS).await.unwrap();
    assert_eq!(mutex.lock().within(MS).await.unwrap_err(), GaveUp::TimedOut);
    source.abort();
    assert_eq!(mutex.lock().unless(&source).await.unwrap_err(), GaveUp::Aborted);
    drop(guard);
    assert!(!mutex.is_locked());
}

#[seastar::test]
async fn lock_1_a_mutex_is_held_across_awaits() {
    let mutex = Rc::new(Mutex::new(0));
    let fibers = [0; 10].map(|_| {
        let mutex = mutex.clone();
        spawn(async move {
            for _ in 0..10 {
                let mut value = mutex.lock().await;
                let before = *value;
                yield_now().await;
                *value = before + 1;
            }
        })
    });
    for fiber in fibers {
        fiber.await.unwrap();
    }
    assert_eq!(*mutex.lock().await, 100);
}

#[test]
fn lock_2_a_writer_that_waits_keeps_later_readers_out() {
    let lock = RwLock::new(0);
    let reads = now(lock.read());
    let mut write = pin!(lock.write());
    let mut late = [0; 2].map(|_| Box::pin(lock.read()));
    assert!(poll(write.as_mut()).is_pending());
    assert!(lock.try_read().is_none());
    assert!(late.iter_mut().all(|read| poll(read.as_mut()).is_pending()));
    drop(reads);
    *done(write.as_mut()) = 7;
    let guards = late.each_mut().map(|read| done(read.as_mut()));
    assert!(guards.iter().all(|guard| **guard == 7), "both at once");
    assert!(lock.try_write().is_none() && lock.try_read().is_some());
}

#[test]
fn lock_3_the_front_is_a_writer_or_a_run_of_readers() {
    let lock = RwLock::new(());
    let first = now(lock.write());
    let mut readers = [0; 2].map(|_| Box::pin(lock.read()));
    assert!(readers.iter_mut().all(|read| poll(read.as_mut()).is_pending()));
    let mut write = pin!(lock.write());
    let mut behind = pin!(lock.read());
    assert!(poll(write.as_mut()).is_pending() && poll(behind.as_mut()).is_pending());
    drop(first);
    let guards = readers.each_mut().map(|read| done(read.as_mut()));
    assert!(poll(behind.as_mut()).is_pending() && poll(write.as_mut()).is_pending());
    drop(guards);
    drop(done(write.as_mut()));
    drop(done(behind.as_mut()));
}

#[seastar::test]
async fn lock_2_readers_go_ahead_when_a_writer_gives_up() {
    let (lock, source) = (RwLock::new(()), AbortSource::new());
    let reads = lock.read().await;
    let mut write = Box::pin(lock.write().unless(&source));
    let mut behind = pin!(lock.read());
    assert!(poll(write.as_mut()).is_pending() && poll(behind.as_mut()).is_pending());
    source.abort();
    assert_eq!(done(write.as_mut()).unwrap_err(), GaveUp::Aborted);
    drop(done(behind.as_mut()));
    assert_eq!(lock.write().within(MS).await.unwrap_err(), GaveUp::TimedOut);
    drop(reads);
    let writes = lock.write().await;
    assert_eq!(lock.read().within(MS).await.unwrap_err(), GaveUp::TimedOut);
    drop(writes);
    assert!(lock.try_write().is_some());
}

#[test]
fn lock_2_a_granted_lock_that_is_not_taken_goes_on() {
    let lock = RwLock::new(());
    let first = now(lock.write());
    let mut second = pin!(lock.read());
    {
        let mut dropped = pin!(lock.write());
        assert!(poll(dropped.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
        drop(first);
        assert!(poll(second.as_mut()).is_pending());
    }
    drop(done(second.as_mut()));
    assert!(lock.try_write().is_some());
}

#[test]
fn lock_4_a_signal_wakes_one_or_is_kept_once() {
    let condvar = Condvar::new();
    let (mut one, mut two) = (pin!(condvar.wait()), pin!(condvar.wait()));
    assert!(poll(one.as_mut()).is_pending() && poll(two.as_mut()).is_pending());
    condvar.signal();
    assert_eq!(done(one.as_mut()), Ok(()));
    assert!(poll(two.as_mut()).is_pending());
    condvar.signal();
    condvar.signal();
    condvar.signal();
    assert_eq!(done(two.as_mut()), Ok(()));
    assert_eq!(now(condvar.wait()), Ok(()));
    assert!(poll(pin!(condvar.wait())).is_pending(), "one signal was kept, not two");
}

#[test]
fn lock_4_a_broadcast_wakes_those_who_wait_and_is_not_kept() {
    let condvar = Condvar::new();
    let mut waits = [0; 3].map(|_| Box::pin(condvar.wait()));
    assert!(waits.iter_mut().all(|wait| poll(wait.as_mut()).is_pending()));
    condvar.broadcast();
    assert_eq!(waits.each_mut().map(|wait| done(wait.as_mut())), [Ok(()); 3]);
    condvar.broadcast();
    assert!(poll(pin!(condvar.wait())).is_pending());
}

#[test]
fn lock_4_a_condition_is_looked_at_again_with_each_news() {
    let (condvar, count) = (Condvar::new(), Cell::new(0));
    let mut waits = pin!(condvar.wait_until(|| count.get() >= 2));
    let mut other = pin!(condvar.wait());
    assert!(poll(waits.as_mut()).is_pending() && poll(other.as_mut()).is_pending());
    count.set(1);
    condvar.signal();
    assert!(poll(waits.as_mut()).is_pending());
    condvar.signal();
    assert!(poll(other.as_mut()).is_ready(), "it queued again at the end");
    count.set(2);
    condvar.signal();
    assert_eq!(done(waits.as_mut()), Ok(()));
    assert_eq!(now(condvar.wait_until(|| true)), Ok(()));
}

#[test]
fn lock_4_a_signal_to_one_that_is_gone_wakes_the_next() {
    let condvar = Condvar::new();
    let mut one = Box::pin(condvar.wait());
    let mut two = pin!(condvar.wait());
    assert!(poll(one.as_mut()).is_pending() && poll(two.as_mut()).is_pending());
    condvar.signal();
    drop(one);
    assert_eq!(done(two.as_mut()), Ok(()));
}

#[seastar::test]
async fn lock_4_broken_aborted_and_late() {
    let (condvar, source) = (Condvar::new(), AbortSource::new());
    let late = condvar.wait().within(MS).await.unwrap_err();
    assert_eq!((late, late.to_string().as_str()), (CondvarError::TimedOut, "Condition variable timed out"));
    source.abort();
    assert_eq!(condvar.wait_until(|| false).unless(&source).await, Err(CondvarError::Aborted));
    let mut waits = pin!(condvar.wait());
    assert!(poll(waits.as_mut()).is_pending());
    condvar.broken();
    condvar.signal();
    let broken = done(waits.as_mut()).unwrap_err();
    assert_eq!((broken, broken.to_string().as_str()), (CondvarError::Broken, "Condition variable is broken"));
    assert_eq!(condvar.wait_until(|| false).await, Err(broken));
    assert_eq!(condvar.wait().await, Err(broken));
}

#[test]
fn a_barrier_opens_for_all_at_once_and_again() {
    let barrier = Barrier::new(3);
    for _ in 0..3 {
        let mut waits = [0; 2].map(|_| Box::pin(barrier.wait()));
        assert!(waits.iter_mut().all(|wait| poll(wait.as_mut()).is_pending()));
        assert!(now(barrier.wait()), "the last one");
        assert_eq!(waits.each_mut().map(|wait| done(wait.as_mut())), [false; 2]);
    }
    assert!(now(Barrier::new(1).wait()));
}

#[seastar::test]
async fn who_left_a_barrier_has_not_arrived() {
    let barrier = Barrier::new(2);
    assert_eq!(barrier.wait().within(MS).await, Err(GaveUp::TimedOut));
    let mut waits = pin!(barrier.wait());
    assert!(poll(waits.as_mut()).is_pending());
    assert!(now(barrier.wait()));
    assert!(!done(waits.as_mut()));
}
