//! Generators, and streams in general.

use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_core::{FusedStream, Stream};
use seastar::future::{FutureExt, StreamExt, generate};
use seastar::time::interval;
use seastar::yield_now;

use super::Count;

#[seastar::test]
async fn a_generator_runs_no_further_than_it_is_asked() {
    let emitted = Count::default();
    let mut numbers = pin!(generate(async |mut items| {
        for n in 0..5 {
            if n % 2 == 1 {
                yield_now().await;
            }
            emitted.add();
            items.emit(n).await;
        }
    }));
    for n in 0..5 {
        assert_eq!(emitted.get(), n);
        assert_eq!(numbers.next().await, Some(n));
    }
    assert!(!numbers.is_terminated());
    assert_eq!(numbers.next().await, None);
    assert!(numbers.is_terminated());
    assert_eq!(numbers.next().await, None);
}

#[seastar::test]
async fn a_generator_ends_by_an_error_like_any_async_body() {
    let lines = ["1", "2", "x", "4"];
    let mut numbers = pin!(generate(async |mut items| {
        for line in lines {
            let parsed = line.parse::<u8>();
            let failed = parsed.is_err();
            items.emit(parsed).await;
            if failed {
                return;
            }
        }
    }));
    let mut sum = 0;
    let error = loop {
        match numbers.next().await {
            Some(Ok(n)) => sum += n,
            Some(Err(error)) => break error,
            None => panic!("ended without its error"),
        }
    };
    assert_eq!((sum, error.to_string().contains("invalid digit")), (3, true));
    assert!(numbers.next().await.is_none());
}

/// An item whose emitter gave up waiting is there nevertheless, and before what comes after.
#[seastar::test]
async fn an_item_is_not_lost_by_its_emitter() {
    let mut numbers = pin!(generate(async |mut items| {
        let mut first = Box::pin(items.emit(1));
        poll_fn(|context| {
            assert!(first.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
        drop(first);
        items.emit(2).await;
    }));
    assert_eq!([numbers.next().await, numbers.next().await, numbers.next().await], [Some(1), Some(2), None]);
}

#[seastar::test]
async fn a_generator_dropped_half_way_drops_its_body_and_its_item() {
    let dropped = Count::default();
    for taken in 0..3 {
        let before = dropped.get();
        {
            let mut tokens = pin!(generate(async |mut items| {
                let _token = dropped.on_drop();
                loop {
                    items.emit(dropped.on_drop()).await;
                }
            }));
            for _ in 0..taken {
                drop(tokens.next().await);
            }
        }
        assert_eq!(dropped.get() - before, if taken == 0 { 0 } else { taken + 1 });
    }
}

/// Giving up on an item loses none.
#[seastar::test]
async fn the_next_item_can_be_given_up() {
    let mut numbers = pin!(generate(async |mut items| {
        for n in 0..3 {
            seastar::sleep(Duration::from_millis(2)).await;
            items.emit(n).await;
        }
        pending().await
    }));
    let mut taken = Vec::new();
    while taken.len() < 3 {
        if let Ok(Some(n)) = numbers.next().with_timeout(Duration::from_micros(500)).await {
            taken.push(n);
        }
    }
    assert_eq!(taken, [0, 1, 2]);
}

#[seastar::test]
async fn an_interval_ticks_no_earlier_than_it_should() {
    let start = Instant::now();
    let mut ticks = interval(Duration::from_millis(2));
    for n in 1..=3 {
        ticks.tick().await;
        assert!(start.elapsed() >= Duration::from_millis(2 * n));
    }
    let mut ticks = pin!(ticks);
    for n in 4..=6 {
        assert_eq!(ticks.next().await, Some(()));
        assert!(start.elapsed() >= Duration::from_millis(2 * n));
    }
}

/// Streams of other crates and those of here are the same.
#[seastar::test]
async fn any_stream_can_be_awaited() {
    struct Down(u32);
    impl Stream for Down {
        type Item = u32;
        fn poll_next(mut self: Pin<&mut Self>, _: &mut std::task::Context<'_>) -> Poll<Option<u32>> {
            self.0 -= 1;
            Poll::Ready((self.0 > 0).then_some(self.0))
        }
    }
    let mut down = Down(3);
    assert_eq!([down.next().await, down.next().await, down.next().await], [Some(2), Some(1), None]);
}
