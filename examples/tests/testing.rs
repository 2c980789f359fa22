//! What a test of asynchronous code looks like.

use std::time::{Duration, Instant};

// ANCHOR: tests
#[seastar::test]
async fn a_sleep_is_never_too_short() {
    let start = Instant::now();
    seastar::sleep(Duration::from_millis(5)).await;
    assert!(start.elapsed() >= Duration::from_millis(5));
}

#[seastar::test(shards = 2)]
async fn a_call_runs_where_it_is_sent() {
    let there = seastar::submit_to(1, async || seastar::this_shard()).await;
    assert_eq!(there, 1);
}
// ANCHOR_END: tests
