//! Values that somebody gives, and futures that many await.

use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use seastar::future::{BrokenPromise, Promise, Promised, SharedFuture};
use seastar::{memory_statistics, spawn, timeout, yield_now};

use super::Count;
use super::run::options;

/// E34: resolves after the tenth message.
#[seastar::test]
async fn a_promise_is_kept_by_another_fiber() {
    let sent = Rc::new(Cell::new(0));
    let (promise, tenth) = Promise::new();
    let count = sent.clone();
    let sender = spawn(async move {
        for _ in 0..10 {
            yield_now().await;
            count.set(count.get() + 1);
        }
        promise.set("ten").unwrap();
        pending::<()>().await;
    });
    assert_eq!(tenth.await, Ok("ten"));
    assert_eq!(sent.get(), 10);
    sender.cancel();
}

/// FUT-8.
#[seastar::test]
async fn a_promise_that_is_dropped_is_broken() {
    let (promise, future) = Promise::<u8>::new();
    drop(promise);
    assert_eq!(future.await, Err(BrokenPromise));
    let (promise, future) = Promise::<u8>::new();
    let breaker = spawn(async move {
        yield_now().await;
        drop(promise);
    });
    assert_eq!(future.await.unwrap_err().to_string(), "broken promise");
    breaker.await.unwrap();
}

#[seastar::test]
async fn a_value_given_before_anybody_waits_is_there() {
    let (promise, future) = Promise::new();
    assert!(!promise.is_abandoned());
    promise.set(String::from("early")).unwrap();
    assert_eq!(future.await.unwrap(), "early");
}

/// FUT-8, ours: what nobody awaits comes back, a failure too.
#[seastar::test]
async fn a_value_that_nobody_awaits_comes_back() {
    let (promise, future) = Promise::new();
    assert!(timeout(Duration::from_millis(1), future).await.is_err());
    assert!(promise.is_abandoned());
    assert_eq!(promise.set(Err::<(), _>("lost?")), Err(Err("lost?")));
}

#[seastar::test]
async fn a_value_is_dropped_once_wherever_it_got_to() {
    let dropped = Count::default();
    let (promise, future) = Promise::new();
    promise.set(dropped.on_drop()).unwrap();
    assert_eq!(dropped.get(), 0);
    drop(future);
    assert_eq!(dropped.get(), 1);
    let (promise, future) = Promise::new();
    promise.set(dropped.on_drop()).unwrap();
    let token = future.await.unwrap();
    assert_eq!(dropped.get(), 1);
    drop(token);
    assert_eq!(dropped.get(), 2);
    let before = memory_statistics().live_blocks;
    let (promise, future) = Promise::<u8>::new();
    assert_eq!(memory_statistics().live_blocks, before + 1);
    drop((promise, future));
    assert_eq!(memory_statistics().live_blocks, before);
}

#[test]
fn without_memory_a_promise_is_refused() {
    assert!(Promise::<u8>::try_new().unwrap_err().to_string().contains("no shard"));
    assert!(SharedFuture::try_new(async {}).unwrap_err().to_string().contains("no shard"));
    let run = seastar::run(options(1).memory(64 << 20), async || {
        let mut kept: Vec<(Promise<[u8; 4096]>, Promised<_>)> = Vec::new();
        let busy = loop {
            match Promise::try_new() {
                Ok(promise) => kept.push(promise),
                Err(busy) => break busy,
            }
        };
        assert!(busy.to_string().contains("memory budget"));
        kept.pop();
        assert!(Promise::<[u8; 4096]>::try_new().is_ok());
    });
    run.unwrap();
}

/// FUT-12.
#[seastar::test]
async fn everyone_who_waits_gets_a_copy() {
    let runs = Count::default();
    let counted = runs.clone();
    let shared = SharedFuture::new(async move {
        counted.add();
        yield_now().await;
        Err::<u8, _>(String::from("no"))
    });
    assert!(shared.output().is_none());
    let waiters: Vec<_> = (0..10)
        .map(|_| {
            let shared = shared.clone();
            spawn(async move { shared.await })
        })
        .collect();
    for waiter in waiters {
        assert_eq!(waiter.await.unwrap(), Err("no".into()));
    }
    assert_eq!((&shared).await, Err("no".into()));
    assert_eq!(shared.output(), Some(&Err("no".into())));
    assert_eq!(runs.get(), 1);
}

/// Who waits may leave at any time; the others get it nevertheless.
#[seastar::test]
async fn a_waiter_that_leaves_takes_nobody_with_it() {
    let (promise, future) = Promise::new();
    let shared = SharedFuture::new(async move { future.await.unwrap() });
    let wait = |n| {
        let shared = shared.clone();
        spawn(async move { (n, shared.await) })
    };
    let waiters: Vec<_> = (0..5).map(wait).collect();
    // One that is polled once and then neither polled nor dropped.
    let mut idle = pin!(shared.wait());
    assert!(poll_fn(|context| Poll::Ready(idle.as_mut().poll(context))).await.is_pending());
    yield_now().await;
    waiters[0].cancel();
    waiters[3].cancel();
    promise.set(7).unwrap();
    for (n, waiter) in waiters.into_iter().enumerate() {
        match waiter.await {
            Ok(output) => assert_eq!(output, (n, 7)),
            Err(error) => assert!(error.is_cancelled() && (n == 0 || n == 3)),
        }
    }
    assert_eq!(idle.await, 7);
}

#[seastar::test]
async fn a_shared_future_ends_with_its_last_handle() {
    let dropped = Count::default();
    let token = dropped.on_drop();
    let shared = SharedFuture::new(async move {
        let _token = token;
        pending::<()>().await;
    });
    let other = shared.clone();
    yield_now().await;
    drop(shared);
    assert!(timeout(Duration::from_millis(1), other.wait()).await.is_err());
    assert_eq!(dropped.get(), 0);
    drop(other);
    assert_eq!(dropped.get(), 1);
}

#[test]
fn a_panic_reaches_who_waits() {
    let ended = seastar::run(options(1), async || {
        let shared = SharedFuture::new(async {
            yield_now().await;
            panic!("in the shared future");
        });
        let waiter = spawn(async move { shared.await });
        waiter.await.unwrap_err().is_panic()
    });
    assert!(ended.unwrap());
}
