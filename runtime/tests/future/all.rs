//! Waiting for all of many futures, or for the first.

use std::cell::Cell;
use std::future::{Future, pending, poll_fn, ready};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use seastar::future::{when_all, when_all_succeed, when_any};
use seastar::{memory_statistics, sleep, yield_now};

use super::Count;

/// Fails for odd numbers, after so many yields.
async fn even(n: usize) -> Result<usize, usize> {
    for _ in 0..n {
        yield_now().await;
    }
    if n.is_multiple_of(2) { Ok(n) } else { Err(n) }
}

/// ALL-1.
#[seastar::test]
async fn when_all_waits_for_all_and_tells_each_by_position() {
    let outputs = when_all([3, 0, 2, 5].map(even)).await;
    assert!(outputs.eq([Err(3), Ok(0), Ok(2), Err(5)]));
    assert_eq!(when_all([] as [std::future::Ready<u8>; 0]).await.count(), 0);
    let many = when_all((0..1000).map(async |n| n)).await;
    assert!(many.eq(0..1000));
}

/// ALL-2.
#[seastar::test]
async fn when_all_succeed_waits_for_all_and_tells_the_first_failure_by_position() {
    let ended = Cell::new(0);
    let counted = |n| {
        let ended = &ended;
        async move {
            let output = even(n).await;
            ended.set(ended.get() + 1);
            output
        }
    };
    let failed = when_all_succeed([8, 7, 1, 6].map(counted)).await;
    assert_eq!(failed.err(), Some(7));
    assert_eq!(ended.get(), 4);
    assert!(when_all_succeed([4, 2, 6].map(counted)).await.unwrap().eq([4, 2, 6]));
}

/// ALL-3, ours: the others are dropped.
#[seastar::test]
async fn when_any_tells_the_first_and_drops_the_others() {
    let dropped = Count::default();
    let waits = |millis: u64| {
        let dropped = &dropped;
        async move {
            let _token = dropped.on_drop();
            sleep(Duration::from_millis(millis)).await;
            millis
        }
    };
    assert_eq!(when_any([1000, 5, 2000].map(waits)).await, Some((1, 5)));
    assert_eq!(dropped.get(), 3);
    // What is ready at once ends it before the later ones begin.
    let begun = Count::default();
    let begins = |n| {
        let begun = &begun;
        async move {
            begun.add();
            if n == 1 { n } else { pending().await }
        }
    };
    assert_eq!(when_any((0..10).map(begins)).await, Some((1, 1)));
    assert_eq!(begun.get(), 2);
    assert_eq!(when_any([] as [std::future::Ready<u8>; 0]).await, None);
}

/// Of several that were woken, the one that was woken first.
#[seastar::test]
async fn when_any_goes_by_the_order_of_the_wakes() {
    let woken = |n: usize| async move {
        for _ in 0..[3, 1, 1][n] {
            yield_now().await;
        }
        n
    };
    assert_eq!(when_any((0..3).map(woken)).await, Some((1, 1)));
}

#[seastar::test]
async fn outputs_that_nobody_took_are_dropped_and_their_memory_is_free() {
    let dropped = Count::default();
    let used = |rounds: usize| {
        let dropped = &dropped;
        async move {
            for round in 0..rounds {
                let mut outputs = when_all((0..100).map(|_| ready(dropped.on_drop()))).await;
                let before = dropped.get();
                drop(outputs.nth(round % 50));
                drop(outputs);
                assert_eq!(dropped.get(), before + 100);
            }
            memory_statistics().used
        }
    };
    assert_eq!(used(10).await, used(500).await);
}

/// Dropped at any point, nothing is left.
#[seastar::test]
async fn waiting_for_all_dropped_half_way() {
    for polls in 0..7usize {
        let (made, dropped) = (Count::default(), Count::default());
        let waits = |n: usize| {
            made.add();
            let token = dropped.on_drop();
            async move {
                let _token = token;
                even(n).await
            }
        };
        {
            let mut all = pin!(when_all_succeed((2..10).map(waits)));
            for _ in 0..polls {
                assert!(poll_fn(|context| Poll::Ready(all.as_mut().poll(context))).await.is_pending());
            }
            // The one of `n` yields is polled once more than that.
            assert!(dropped.get() <= polls.saturating_sub(2));
            assert_eq!(made.get() > 0, polls > 0);
        }
        assert_eq!(dropped.get(), made.get());
    }
}
