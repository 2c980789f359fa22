//! SEM-1 to SEM-13, and examples E22 to E26 in small.

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use seastar::sync::{AbortSource, Semaphore, SemaphoreError};
use seastar::{spawn, yield_now};

use crate::poll::{now, poll};

const MS: Duration = Duration::from_millis(1);

#[test]
fn sem_1_units_that_are_there_are_taken_at_once() {
    let semaphore = Semaphore::<3>::new();
    let two = now(semaphore.acquire(2)).unwrap();
    assert_eq!((two.count(), semaphore.available_units()), (2, 1));
    drop(two);
    assert_eq!(semaphore.available_units(), 3);
    drop(semaphore.acquire(3));
    assert_eq!(semaphore.available_units(), 3, "nothing happens before it is polled");
}

#[test]
fn sem_2_a_large_request_is_not_overtaken() {
    let semaphore = Semaphore::<3>::new();
    let first = now(semaphore.acquire(2)).unwrap();
    let mut large = pin!(semaphore.acquire(3));
    let mut small = pin!(semaphore.acquire(1));
    assert!(poll(large.as_mut()).is_pending());
    assert!(poll(small.as_mut()).is_pending(), "one unit is there, but `large` came first");
    assert_eq!(semaphore.waiters(), 2);
    drop(first);
    assert!(poll(small.as_mut()).is_pending());
    let Poll::Ready(large) = poll(large.as_mut()) else { panic!("three are there") };
    assert!(poll(small.as_mut()).is_pending());
    drop(large);
    assert!(poll(small.as_mut()).is_ready());
}

#[test]
fn sem_3_trying_does_not_overtake_either() {
    let semaphore = Semaphore::<3>::new();
    assert!(semaphore.try_acquire(4).is_none());
    let held = semaphore.try_acquire(2).unwrap();
    let mut waits = pin!(semaphore.acquire(2));
    assert!(poll(waits.as_mut()).is_pending());
    assert!(semaphore.try_acquire(1).is_none() && semaphore.try_acquire(0).is_none());
    drop(held);
    assert!(poll(waits.as_mut()).is_ready());
    semaphore.consume(4);
    assert!(semaphore.try_acquire(0).is_none(), "the counter is negative");
}

#[test]
fn sem_4_more_than_the_capacity_is_an_error_at_once() {
    for over in [4, usize::MAX, isize::MAX as usize, isize::MAX as usize + 1] {
        let error = now(Semaphore::<3>::new().acquire(over)).unwrap_err();
        assert_eq!(error, SemaphoreError::OverCapacity { name: None, units: over, capacity: 3 });
    }
    let memory = Semaphore::with_units(1_000_000).named("memory");
    let text = now(memory.acquire(2_000_000)).unwrap_err().to_string();
    assert_eq!(text, "Semaphore over capacity: memory: 2000000 units asked of 1000000");
    let _all = now(memory.acquire(1_000_000)).unwrap();
    assert!(matches!(now(memory.acquire(1_000_001)), Err(SemaphoreError::OverCapacity { .. })));
}

#[test]
fn sem_5_signal_serves_from_the_front_while_it_fits() {
    let semaphore = Semaphore::<5>::new();
    semaphore.consume(5);
    let mut waits = [1, 2, 3, 1].map(|units| Box::pin(semaphore.acquire(units)));
    let mut held = Vec::new();
    assert!(waits.iter_mut().all(|wait| poll(wait.as_mut()).is_pending()));
    semaphore.signal(5);
    assert_eq!((semaphore.available_units(), semaphore.waiters()), (2, 2));
    for (wait, served) in waits.iter_mut().zip([true, true, false, false]) {
        match poll(wait.as_mut()) {
            Poll::Ready(units) => held.push(units.unwrap()),
            Poll::Pending => assert!(!served),
        }
    }
    assert_eq!(held.len(), 2);
}

#[test]
fn sem_6_consuming_may_go_below_zero() {
    let semaphore = Semaphore::<2>::new();
    let consumed = semaphore.consume_units(5);
    assert_eq!((semaphore.available_units(), semaphore.current()), (-3, 0));
    let mut waits = pin!(semaphore.acquire(0));
    assert!(poll(waits.as_mut()).is_pending());
    semaphore.signal(2);
    assert!(poll(waits.as_mut()).is_pending());
    drop(consumed);
    assert!(poll(waits.as_mut()).is_ready());
    assert_eq!(semaphore.available_units(), 4, "two were signalled on top");
    semaphore.consume(usize::MAX);
    semaphore.consume(usize::MAX);
    semaphore.signal(usize::MAX);
    assert_eq!(semaphore.available_units(), isize::MAX, "it stops at the ends");
}

#[seastar::test]
async fn sem_7_a_time_limit() {
    let semaphore = Semaphore::<2>::new();
    assert!(semaphore.acquire_timeout(1, Duration::ZERO).await.is_ok(), "units come before the limit");
    let held = semaphore.acquire(1).await.unwrap();
    for limit in [Duration::ZERO, MS] {
        let error = semaphore.acquire_timeout(2, limit).await.unwrap_err();
        assert_eq!(
            (error, error.to_string().as_str()),
            (SemaphoreError::TimedOut { name: None }, "Semaphore timedout")
        );
    }
    assert_eq!((semaphore.available_units(), semaphore.waiters()), (1, 0));
    drop(held);
    assert!(semaphore.acquire_timeout(2, Duration::from_secs(3600)).await.is_ok());
}

#[test]
fn sem_8_an_abort() {
    let (semaphore, source) = (Semaphore::<1>::new(), AbortSource::new());
    let held = now(semaphore.acquire(1)).unwrap();
    let mut waits = pin!(semaphore.acquire_abortable(1, &source));
    assert!(poll(waits.as_mut()).is_pending());
    source.abort();
    let Poll::Ready(Err(error)) = poll(waits.as_mut()) else { panic!("aborted") };
    assert_eq!(error.to_string(), "Semaphore aborted");
    assert_eq!(semaphore.waiters(), 0);
    assert_eq!(now(semaphore.acquire_abortable(1, &source)).unwrap_err(), error, "at once");
    drop(held);
    assert!(now(semaphore.acquire_abortable(1, &source)).is_ok(), "units come first");
}

/// Unlike in C++ Seastar, where the second waits for the next signal.
#[seastar::test]
async fn sem_9_the_next_is_served_when_the_first_gives_up() {
    let semaphore = Rc::new(Semaphore::<2>::new());
    let _one = semaphore.acquire(1).await.unwrap();
    let other = semaphore.clone();
    let second = spawn(async move {
        yield_now().await;
        other.acquire(1).await.map(|units| units.count())
    });
    assert!(semaphore.acquire_timeout(2, MS).await.is_err());
    assert_eq!(second.await.unwrap(), Ok(1));

    let source = AbortSource::new();
    let mut first = Box::pin(semaphore.acquire_abortable(2, &source));
    let mut second = pin!(semaphore.acquire(1));
    let mut third = pin!(semaphore.acquire(0));
    assert!(poll(first.as_mut()).is_pending());
    assert!(poll(second.as_mut()).is_pending() && poll(third.as_mut()).is_pending());
    source.abort();
    assert!(poll(first.as_mut()).is_ready());
    assert!(poll(second.as_mut()).is_ready() && poll(third.as_mut()).is_ready());
}

#[test]
fn sem_10_a_broken_semaphore_stays_broken() {
    let semaphore = Semaphore::<3>::new();
    let held = now(semaphore.acquire(2)).unwrap();
    let mut waits = [2, 3].map(|units| Box::pin(semaphore.acquire(units)));
    assert!(waits.iter_mut().all(|wait| poll(wait.as_mut()).is_pending()));
    semaphore.broken();
    for wait in &mut waits {
        let Poll::Ready(Err(error)) = poll(wait.as_mut()) else { panic!("broken") };
        assert_eq!(error.to_string(), "Semaphore broken");
    }
    drop(held);
    semaphore.signal(10);
    semaphore.consume(1);
    assert_eq!(semaphore.available_units(), 0);
    assert_eq!(now(semaphore.acquire(1)).unwrap_err(), SemaphoreError::Broken { name: None });
    assert!(now(semaphore.acquire(0)).is_ok(), "what is there comes first");
}

#[seastar::test]
async fn sem_11_errors_tell_the_name() {
    let semaphore = Semaphore::<1>::new().named("readers");
    let source = AbortSource::new();
    let held = semaphore.acquire(1).await.unwrap();
    let late = semaphore.acquire_timeout(1, MS).await.unwrap_err();
    source.abort();
    let aborted = semaphore.acquire_abortable(1, &source).await.unwrap_err();
    semaphore.broken();
    let broken = semaphore.acquire(1).await.unwrap_err();
    drop(held);
    let texts = [late, aborted, broken].map(|error| error.to_string());
    assert_eq!(
        texts,
        ["Semaphore timed out: readers", "Semaphore aborted: readers", "Semaphore broken: readers"]
    );
}

#[test]
fn sem_13_units() {
    let semaphore = Semaphore::<10>::new();
    let mut units = now(semaphore.acquire(6)).unwrap();
    let error = units.split(7).unwrap_err().to_string();
    assert!(error.starts_with("Cannot take more units than those protected by the semaphore"), "{error}");
    assert_eq!(units.return_units(7).unwrap_err().to_string(), error);
    let two = units.split(2).unwrap();
    assert_eq!((units.count(), two.count(), semaphore.available_units()), (4, 2, 4));
    assert_eq!(units.return_units(1), Ok(3));
    units.adopt(two);
    assert_eq!((units.count(), semaphore.available_units()), (5, 5));
    units.return_all();
    units.return_all();
    assert_eq!((units.count(), semaphore.available_units()), (0, 10));
    units = now(semaphore.acquire(1)).unwrap();
    units = now(semaphore.acquire(2)).unwrap_or(units);
    assert_eq!(semaphore.available_units(), 8, "assigning drops the old ones");
    assert_eq!(units.release(), 2);
    assert_eq!(semaphore.available_units(), 8);
}

#[test]
#[should_panic(expected = "another semaphore")]
fn sem_13_units_of_another_semaphore_are_not_adopted() {
    let (one, other) = (Semaphore::<1>::new(), Semaphore::<1>::new());
    now(one.acquire(1)).unwrap().adopt(now(other.acquire(1)).unwrap());
}

#[test]
fn a_waiter_that_is_dropped_hands_on_what_it_was_given() {
    let semaphore = Semaphore::<2>::new();
    let held = now(semaphore.acquire(2)).unwrap();
    let mut second = pin!(semaphore.acquire(2));
    {
        let mut first = pin!(semaphore.acquire(1));
        assert!(poll(first.as_mut()).is_pending());
        assert!(poll(second.as_mut()).is_pending());
        drop(held);
        assert_eq!((semaphore.available_units(), semaphore.waiters()), (1, 1));
    }
    assert!(poll(second.as_mut()).is_ready());
    assert_eq!(semaphore.available_units(), 2);
}

/// E23: a loop that starts work without waiting for it, at most so much at a time, and then waits for all.
#[seastar::test]
async fn sem_15_waiting_for_all_units_waits_for_all_work() {
    let semaphore = Rc::new(Semaphore::<100>::new());
    let (running, most, done) = <(Rc<Cell<u32>>, Rc<Cell<u32>>, Rc<Cell<u32>>)>::default();
    for _ in 0..456 {
        let units = semaphore.acquire_owned(1).await.unwrap();
        running.set(running.get() + 1);
        most.set(most.get().max(running.get()));
        let (running, done) = (running.clone(), done.clone());
        drop(spawn(async move {
            yield_now().await;
            running.set(running.get() - 1);
            done.set(done.get() + 1);
            drop(units);
        }));
    }
    drop(semaphore.acquire(100).await.unwrap());
    assert_eq!((running.get(), most.get(), done.get()), (0, 100, 456));
}

#[test]
fn no_number_of_units_is_too_large() {
    let semaphore = Semaphore::<10>::new();
    drop(semaphore.consume_units(usize::MAX));
    assert_eq!(semaphore.available_units(), 10, "what was taken has come back");
    let held = semaphore.try_acquire(5).unwrap();
    semaphore.signal(usize::MAX);
    drop(held);
    assert_eq!(semaphore.available_units(), isize::MAX, "as many as can be, and no fewer");
    semaphore.consume(usize::MAX);
    semaphore.consume(usize::MAX);
    assert!(semaphore.try_acquire(0).is_none());
    semaphore.signal(usize::MAX);
    semaphore.signal(1);
    assert!(semaphore.try_acquire(1).is_some());
    let (mut one, other) = (semaphore.consume_units(usize::MAX), semaphore.consume_units(usize::MAX));
    let before = semaphore.available_units();
    assert_eq!(before, isize::MIN);
    one.adopt(other);
    drop(one);
    assert!(semaphore.try_acquire(1).is_some());
}
