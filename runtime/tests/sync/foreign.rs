//! Wakers of other executors, whose cloning, waking and dropping may do anything.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker};
use std::time::Duration;

use seastar::sync::{AbortSource, Barrier, Queue, QueueError, Semaphore};
use seastar::{ShardLocal, sleep};

use crate::poll::{now, poll};

type Action = Box<dyn FnOnce()>;

thread_local! {
    /// What the next clone, wake or drop of the wakers here does.
    static ACTION: RefCell<Option<Action>> = const { RefCell::new(None) };
}

fn act() {
    if let Some(action) = ACTION.take() {
        action();
    }
}

/// A waker that acts when it is cloned.
fn acts_when_cloned() -> Waker {
    static TABLE: RawWakerVTable = RawWakerVTable::new(
        |_| {
            act();
            RawWaker::new(ptr::null(), &TABLE)
        },
        |_| {},
        |_| {},
        |_| {},
    );
    // SAFETY: nothing is behind the pointer, and all functions work anywhere.
    unsafe { Waker::from_raw(RawWaker::new(ptr::null(), &TABLE)) }
}

/// Acts when its last waker is dropped.
struct ActsWhenDropped;

impl Wake for ActsWhenDropped {
    fn wake(self: Arc<Self>) {}
}

impl Drop for ActsWhenDropped {
    fn drop(&mut self) {
        act();
    }
}

struct ActsWhenWoken;

impl Wake for ActsWhenWoken {
    fn wake(self: Arc<Self>) {
        act();
    }
}

fn poll_with<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

#[test]
fn a_waker_may_wait_for_the_same_while_it_is_cloned() {
    let semaphore = Rc::new(Semaphore::<1>::new());
    let held = now(semaphore.acquire_owned(1)).unwrap();
    let inner = Rc::new(RefCell::new(Box::pin(semaphore.acquire_owned(1))));
    let waits = inner.clone();
    ACTION.set(Some(Box::new(move || assert!(poll(waits.borrow_mut().as_mut()).is_pending()))));
    let mut outer = Box::pin(semaphore.acquire_owned(1));
    assert!(poll_with(outer.as_mut(), &acts_when_cloned()).is_pending());
    assert_eq!(semaphore.waiters(), 2);
    drop(held);
    let Poll::Ready(Ok(units)) = poll(inner.borrow_mut().as_mut()) else { panic!("it came first") };
    drop(units);
    assert!(poll(outer.as_mut()).is_ready());
    assert_eq!(semaphore.available_units(), 1);
}

#[test]
fn a_waker_that_panics_when_it_is_cloned_does_not_wait() {
    let semaphore = Semaphore::<1>::new();
    let held = now(semaphore.acquire(1)).unwrap();
    {
        let mut waits = Box::pin(semaphore.acquire(1));
        ACTION.set(Some(Box::new(|| panic!("expected"))));
        let polled = catch_unwind(AssertUnwindSafe(|| drop(poll_with(waits.as_mut(), &acts_when_cloned()))));
        assert!(polled.is_err());
    }
    let mut next = pin!(semaphore.acquire(1));
    assert!(poll(next.as_mut()).is_pending());
    assert_eq!(semaphore.waiters(), 1);
    drop(held);
    assert!(poll(next).is_ready());
}

#[test]
fn a_wake_while_the_waker_is_replaced_reaches_the_new_one() {
    let semaphore = Rc::new(Semaphore::<1>::new());
    let held = now(semaphore.acquire_owned(1)).unwrap();
    let mut waits = Box::pin(semaphore.acquire_owned(1));
    assert!(poll_with(waits.as_mut(), &Waker::from(Arc::new(ActsWhenDropped))).is_pending());
    let woken = Rc::new(Cell::new(false));
    let wake = woken.clone();
    // The next poll drops the waker of the first, and that grants the unit while the other takes its place.
    ACTION.set(Some(Box::new(move || {
        ACTION.set(Some(Box::new(move || wake.set(true))));
        drop(held);
    })));
    let polled = poll_with(waits.as_mut(), &Waker::from(Arc::new(ActsWhenWoken)));
    assert!(polled.is_ready() || woken.get(), "it was granted, and nobody was told");
    ACTION.take();
}

#[test]
fn a_subscriber_that_panics_does_not_keep_an_abort_from_the_others() {
    let source = AbortSource::new();
    let panics = pin!(source.on_abort(|| panic!("expected")));
    let told = Rc::new(Cell::new(false));
    let tell = told.clone();
    let other = pin!(source.on_abort(move || tell.set(true)));
    assert!(panics.as_ref().subscribe() && other.as_ref().subscribe());
    assert!(catch_unwind(AssertUnwindSafe(|| source.abort())).is_err());
    assert!(told.get());
}

/// Whoever arrives while the barrier opens belongs to the next round.
#[seastar::test(shards = 1)]
async fn arrivals_while_a_barrier_opens_are_of_the_next_round() {
    #[seastar::shard_local]
    static BARRIER: Barrier = Barrier::new(3);
    let kept = ShardLocal::try_get(&BARRIER).unwrap();
    let (mut first, mut second) = (Box::pin(kept.wait()), Box::pin(kept.wait()));
    assert!(poll_with(first.as_mut(), &Waker::from(Arc::new(ActsWhenWoken))).is_pending());
    assert!(poll(second.as_mut()).is_pending());
    let late = Rc::new(RefCell::new(vec![Box::pin(kept.wait()), Box::pin(kept.wait())]));
    let comes = late.clone();
    ACTION.set(Some(Box::new(move || {
        for arrival in comes.borrow_mut().iter_mut() {
            assert!(poll(arrival.as_mut()).is_pending(), "two of three have come");
        }
    })));
    assert!(now(kept.wait()));
    assert!(poll(first.as_mut()).is_ready() && poll(second.as_mut()).is_ready());
    assert!(late.borrow_mut().iter_mut().all(|arrival| poll(arrival.as_mut()).is_pending()));
    assert!(now(kept.wait()));
    assert!(late.borrow_mut().iter_mut().all(|arrival| poll(arrival.as_mut()).is_ready()));
}

/// Panics when it is woken.
struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("in a waker");
    }
}

#[test]
fn a_waker_that_panics_keeps_nothing_from_others() {
    let queue = Queue::new(1);
    queue.try_push(0).unwrap();
    let mut pushes: Vec<_> = (1..4).map(|n| Box::pin(queue.push(n))).collect();
    for push in &mut pushes {
        assert!(poll_with(push.as_mut(), &Waker::from(Arc::new(Panics))).is_pending());
    }
    assert_eq!(
        [queue.try_pop(), queue.try_pop(), queue.try_pop(), queue.try_pop()].map(Result::unwrap),
        [0, 1, 2, 3]
    );
    let mut pops: Vec<_> = (0..3).map(|_| Box::pin(queue.pop())).collect();
    for pop in &mut pops {
        assert!(poll_with(pop.as_mut(), &Waker::from(Arc::new(Panics))).is_pending());
    }
    queue.abort();
    assert!(pops.iter_mut().all(|pop| poll(pop.as_mut()) == Poll::Ready(Err(QueueError::Closed))));
}

/// A timer's waker is woken by the loop itself.
#[seastar::test(shards = 1)]
async fn a_waker_that_panics_does_not_end_the_shard() {
    let mut woken = pin!(sleep(Duration::from_millis(1)));
    assert!(poll_with(woken.as_mut(), &Waker::from(Arc::new(Panics))).is_pending());
    sleep(Duration::from_millis(2)).await;
    woken.await;
}
