//! Functions with a pool: calling one starts a fiber, or says that all slots are in use.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::task::{Poll, Waker};

use seastar::{Busy, JoinHandle, shard_count, submit_to, task, yield_now};

use crate::run::run;

#[task(pool = 3)]
async fn add(left: u32, right: u32) -> u32 {
    yield_now().await;
    left + right
}

#[seastar::test]
async fn a_call_is_a_fiber() {
    let handles: Vec<_> = (0..3).map(|n| add(n, 10).unwrap()).collect();
    for (n, handle) in (0..).zip(handles) {
        assert_eq!(handle.await.unwrap(), n + 10);
    }
}

#[seastar::test]
async fn a_full_pool_is_a_value() {
    let handles = [add(1, 2), add(3, 4), add(5, 6)].map(Result::unwrap);
    let busy: Busy = add(7, 8).unwrap_err();
    let text = busy.to_string();
    assert!(text.contains("task::pools::add") && text.contains("pools.rs:"), "{text}");
    assert_eq!(busy, add(7, 8).unwrap_err());
    for handle in handles {
        handle.await.unwrap();
    }
    assert_eq!(add(7, 8).unwrap().await.unwrap(), 15);
}

#[seastar::test]
async fn slots_are_used_again_and_again() {
    for round in 0..1000 {
        let handles = [add(round, 0), add(round, 1), add(round, 2)].map(Result::unwrap);
        for (n, handle) in (0..).zip(handles) {
            assert_eq!(handle.await.unwrap(), round + n);
        }
    }
}

#[seastar::test]
async fn a_full_pool_drops_the_arguments() {
    #[task(pool = 1)]
    async fn holds(value: Rc<u8>) -> u8 {
        yield_now().await;
        *value
    }
    let value = Rc::new(7);
    let handle = holds(value.clone()).unwrap();
    holds(value.clone()).unwrap_err();
    assert_eq!(Rc::strong_count(&value), 2);
    assert_eq!(handle.await.unwrap(), 7);
    assert_eq!(Rc::strong_count(&value), 1);
}

#[seastar::test]
async fn an_unread_result_keeps_its_slot_until_the_handle_is_gone() {
    #[task(pool = 1)]
    async fn answer() -> u8 {
        42
    }
    let handle = answer().unwrap();
    yield_now().await;
    assert!(handle.is_finished());
    answer().unwrap_err();
    drop(handle);
    assert_eq!(answer().unwrap().await.unwrap(), 42);
}

#[seastar::test]
async fn a_dropped_handle_lets_the_fiber_run_on() {
    #[task(pool = 1)]
    async fn counts(counter: Rc<Cell<u32>>) {
        yield_now().await;
        counter.set(counter.get() + 1);
    }
    let counter = Rc::new(Cell::new(0));
    for _ in 0..10 {
        drop(counts(counter.clone()).unwrap());
        yield_now().await;
        yield_now().await;
    }
    assert_eq!(counter.get(), 10);
}

#[seastar::test]
async fn a_panic_is_that_fibers_own() {
    #[task(pool = 1)]
    async fn panics(at_once: bool) -> u8 {
        if at_once {
            panic!("at once");
        }
        yield_now().await;
        panic!("later");
    }
    for at_once in [true, false, true, false] {
        let error = panics(at_once).unwrap().await.unwrap_err();
        assert!(error.is_panic());
    }
}

#[seastar::test]
async fn a_cancelled_fiber_drops_what_it_holds_and_frees_its_slot() {
    struct Part(&'static str, Rc<RefCell<Vec<&'static str>>>);
    impl Drop for Part {
        fn drop(&mut self) {
            self.1.borrow_mut().push(self.0);
        }
    }
    #[task(pool = 1)]
    async fn waits(_first: Part, second: Part) {
        let _local = Part("local", second.1.clone());
        pending::<()>().await;
    }
    let order = Rc::new(RefCell::new(Vec::new()));
    let part = |name| Part(name, order.clone());
    let handle = waits(part("first"), part("second")).unwrap();
    yield_now().await;
    handle.cancel();
    assert_eq!(order.take(), ["local", "second", "first"]);
    assert!(handle.await.unwrap_err().is_cancelled());
    let handle = waits(part("first"), part("second")).unwrap();
    handle.cancel();
    assert_eq!(order.take(), ["first", "second"], "before the first poll as an `async fn` does");
}

#[seastar::test]
async fn a_fiber_may_start_its_like() {
    #[task(pool = 2)]
    async fn chain(length: u32, sum: Rc<Cell<u32>>) {
        sum.set(sum.get() + length);
        if length > 0 {
            drop(chain(length - 1, sum).unwrap());
        }
    }
    let sum = Rc::new(Cell::new(0));
    drop(chain(100, sum.clone()).unwrap());
    while Rc::strong_count(&sum) > 1 {
        yield_now().await;
    }
    assert_eq!(sum.get(), 5050);
}

/// More slots than one chunk of numbers holds.
#[task(pool = 2500, max_size = 64)]
async fn many(n: u32) -> u32 {
    yield_now().await;
    yield_now().await;
    n
}

#[seastar::test]
async fn large_pools_tell_their_fibers_apart() {
    for _ in 0..3 {
        let handles: Vec<JoinHandle<u32>> = (0..2500).map(|n| many(n).unwrap()).collect();
        many(0).unwrap_err();
        for (n, handle) in (0..).zip(handles) {
            assert_eq!(handle.await.unwrap(), n);
        }
    }
}

#[seastar::test(shards = 2)]
async fn every_shard_has_its_own() {
    for shard in 0..shard_count() {
        let done = submit_to(shard, async || {
            let handles = [add(1, 1), add(1, 1), add(1, 1)].map(Result::unwrap);
            assert!(add(1, 1).is_err());
            let mut sum = 0;
            for handle in handles {
                sum += handle.await.unwrap();
            }
            sum
        });
        assert_eq!(done.await, 6);
    }
}

#[test]
fn a_thread_that_is_no_shard_has_none() {
    assert!(add(1, 2).unwrap_err().to_string().starts_with("this thread is no shard"));
}

#[test]
fn fibers_that_are_left_are_dropped_with_the_shard() {
    #[task(pool = 4)]
    async fn holds(_value: std::sync::Arc<()>) {
        pending::<()>().await;
    }
    let value = std::sync::Arc::new(());
    for _ in 0..2 {
        let value = value.clone();
        run(1, async move || {
            for _ in 0..4 {
                drop(holds(value.clone()).unwrap());
            }
            yield_now().await;
            assert_eq!(std::sync::Arc::strong_count(&value), 6);
        });
    }
    assert_eq!(std::sync::Arc::strong_count(&value), 1);
}

#[task(pool = 1)]
async fn shows_its_waker(waker: Rc<RefCell<Option<Waker>>>, ends: bool) {
    poll_fn(|context| {
        *waker.borrow_mut() = Some(context.waker().clone());
        if ends { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

#[seastar::test]
async fn a_stale_waker_does_not_wake_the_next_in_the_slot() {
    let waker = Rc::new(RefCell::new(None));
    shows_its_waker(waker.clone(), true).unwrap().await.unwrap();
    let stale = waker.take().unwrap();
    let next = shows_its_waker(waker.clone(), false).unwrap();
    yield_now().await;
    let fresh = waker.take().unwrap();
    stale.wake();
    yield_now().await;
    assert!(waker.take().is_none());
    fresh.wake();
    yield_now().await;
    assert!(waker.take().is_some());
    next.cancel();
}

#[task(pool = 1)]
async fn serves_for_ever() -> ! {
    pending::<()>().await;
    unreachable!()
}

#[seastar::test]
async fn a_fiber_may_never_return() {
    let handle = serves_for_ever().unwrap();
    yield_now().await;
    handle.cancel();
    assert!(handle.await.unwrap_err().is_cancelled());
}
