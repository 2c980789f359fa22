//! Calls of code that blocks allocate nothing on their shard, once there are enough helpers.

#[path = "support/counting.rs"]
mod counting;

use counting::allocated;
use seastar::future::parallel_for_each;
use seastar::{sleep, spawn, unblock, unblock_statistics};
use std::time::Duration;

#[seastar::test(blocking_threads = 2)]
async fn not_for_any_call() {
    let work = async || {
        parallel_for_each(0..500u64, async |number| {
            let block = [number; 100];
            assert_eq!(unblock(move || block.iter().sum::<u64>()).await.unwrap(), number * 100);
        })
        .await;
    };
    work().await;
    assert_eq!(unblock_statistics().threads, 2);
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test(blocking_threads = 2)]
async fn not_for_one_that_is_given_up() {
    let work = async || {
        for _ in 0..50 {
            let calls = [(); 3].map(|()| spawn(unblock(|| std::thread::sleep(Duration::from_micros(100)))));
            sleep(Duration::from_micros(50)).await;
            calls.iter().for_each(|call| call.cancel());
        }
    };
    work().await;
    assert_eq!(allocated(work).await, 0);
}
