//! No continuation, loop, promise or shared future allocates, not even the first time.

#[path = "support/counting.rs"]
mod counting;

use std::cell::Cell;
use std::future::pending;
use std::ops::ControlFlow::{Break, Continue};
use std::pin::pin;
use std::time::Duration;

use seastar::future::{
    FutureExt, Promise, SharedFuture, StreamExt, do_for_each, do_until, generate, keep_doing, map_reduce,
    max_concurrent_for_each, parallel_for_each, repeat, repeat_until_value, when_all, when_all_succeed,
    when_any,
};
use seastar::time::interval;
use seastar::{spawn, yield_now};

use counting::allocated;

#[seastar::test]
async fn the_counter_counts() {
    assert_eq!(allocated(async || drop(std::hint::black_box(Box::new(7)))).await, 1);
}

async fn fails_if(odd: bool) -> Result<u64, &'static str> {
    yield_now().await;
    if odd { Err("odd") } else { Ok(1) }
}

#[seastar::test]
async fn a_chain() {
    let work = async || {
        for n in 0..1_000 {
            let chain = fails_if(n % 2 == 1)
                .then(async |value| Ok(value + 1))
                .handle_error(async |_| Ok(0))
                .finally(async || yield_now().await)
                .then_wrapped(async |output| output)
                .with_timeout(Duration::from_secs(60))
                .await;
            assert_eq!(chain, Ok(Ok(if n % 2 == 1 { 0 } else { 2 })));
        }
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test]
async fn every_loop() {
    let left = Cell::new(0);
    let next = async || {
        yield_now().await;
        left.replace(left.get() - 1) == 1
    };
    let work = async || {
        left.set(1_000);
        repeat(async || if next().await { Break(()) } else { Continue(()) }).await;
        left.set(1_000);
        repeat_until_value(async || next().await.then_some(())).await;
        left.set(1_000);
        do_until(
            || left.get() == 0,
            async || {
                next().await;
            },
        )
        .await;
        left.set(1_000);
        let Err(()) = keep_doing(async || if next().await { Err(()) } else { Ok(()) }).await;
        do_for_each(0..1_000, async |_| yield_now().await).await;
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test]
async fn many_at_the_same_time() {
    let work = async || {
        parallel_for_each(0..10_000, async |_| yield_now().await).await;
        max_concurrent_for_each(0..10_000, 10, async |_| yield_now().await).await;
        let sum =
            map_reduce(0..10_000u64, async |n| yield_now().then_wrapped(async |()| n).await, 0, |a, b| a + b);
        assert_eq!(sum.await, 49_995_000);
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test]
async fn waiting_for_all_or_for_the_first() {
    let work = async || {
        for _ in 0..100 {
            let outputs = when_all((0..100).map(|n| fails_if(n % 2 == 1))).await;
            assert_eq!(outputs.filter(Result::is_err).count(), 50);
            let values = when_all_succeed((0..100).map(|_| fails_if(false))).await.unwrap();
            assert_eq!(values.sum::<u64>(), 100);
            assert!(when_all_succeed([false, true].map(fails_if)).await.is_err());
            let waits = |n| async move { if n == 2 { yield_now().await } else { pending().await } };
            assert_eq!(when_any((0..10).map(waits)).await, Some((2, ())));
        }
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test]
async fn a_promise_kept_or_broken() {
    let work = async || {
        for _ in 0..1_000 {
            let (promise, future) = Promise::new();
            promise.set([7; 100]).unwrap();
            assert_eq!(future.await, Ok([7; 100]));
            let (promise, future) = Promise::<u8>::new();
            let breaker = spawn(async move { drop(promise) });
            assert!(future.await.is_err());
            breaker.await.unwrap();
        }
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test]
async fn a_future_that_many_await() {
    let work = async || {
        for _ in 0..100 {
            let shared = SharedFuture::new(fails_if(true));
            parallel_for_each(0..100, async |_| assert!((&shared).await.is_err())).await;
        }
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test]
async fn a_generator_and_an_interval() {
    let work = async || {
        for _ in 0..100 {
            let mut numbers = pin!(generate(async |mut items| {
                for n in 0..100u64 {
                    yield_now().await;
                    items.emit(n).await;
                }
            }));
            let mut sum = 0;
            while let Some(n) = numbers.next().await {
                sum += n;
            }
            assert_eq!(sum, 4950);
        }
        let mut ticks = interval(Duration::from_micros(10));
        for _ in 0..20 {
            ticks.tick().await;
        }
        let mut ticks = pin!(ticks);
        for _ in 0..20 {
            assert_eq!(ticks.next().await, Some(()));
        }
    };
    assert_eq!(allocated(work).await, 0);
}
