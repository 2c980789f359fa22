//! A time limit ends what takes too long; what should go on is a fiber of its own.

use std::time::Duration;

use seastar::{sleep, spawn, timeout, with_timeout};

async fn work(millis: u64) -> u64 {
    sleep(Duration::from_millis(millis)).await;
    println!("work of {millis} ms is done");
    millis
}

#[seastar::main]
async fn main() {
    // ANCHOR: limit
    let in_time = with_timeout!(Duration::from_secs(1) => work(10).await);
    println!("{in_time:?}");
    let late = with_timeout!(Duration::from_millis(20) => work(60_000).await);
    println!("{}", late.unwrap_err());
    // ANCHOR_END: limit

    // ANCHOR: goes_on
    let mut fiber = spawn(work(100));
    let late = timeout(Duration::from_millis(20), &mut fiber).await;
    println!("{}, but the work goes on", late.unwrap_err());
    println!("{:?}", fiber.await);
    // ANCHOR_END: goes_on
}
