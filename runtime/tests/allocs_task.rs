//! A pool allocates nothing, from the very first fiber on: it has its memory when the shard starts.

#[path = "support/counting.rs"]
mod counting;

use counting::allocated;
use seastar::{task, yield_now};

#[task]
async fn double(block: [u64; 128]) -> u64 {
    yield_now().await;
    block[0] * 2
}

#[task(pool = 1500)]
async fn doubled(block: [u64; 128]) -> u64 {
    double(block).await
}

#[seastar::test]
async fn the_counter_counts() {
    assert_eq!(allocated(async || drop(std::hint::black_box(Box::new(7)))).await, 1);
}

#[seastar::test]
async fn not_for_the_first_fiber_and_not_for_the_last() {
    let mut handles = Vec::with_capacity(1500);
    let work = async || {
        for round in 0..3 {
            for n in 0..1500 {
                handles.push(doubled([n; 128]).unwrap());
            }
            assert!(doubled([0; 128]).is_err());
            for (n, handle) in (0..).zip(handles.drain(..)) {
                assert_eq!(handle.await.unwrap(), n * 2, "in round {round}");
            }
        }
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test]
async fn not_for_a_fiber_that_is_cancelled_or_left_alone() {
    let work = async || {
        for n in 0..100 {
            drop(doubled([n; 128]).unwrap());
            let handle = doubled([n; 128]).unwrap();
            yield_now().await;
            handle.cancel();
            assert!(handle.await.unwrap_err().is_cancelled());
        }
    };
    assert_eq!(allocated(work).await, 0);
}
