//! An asynchronous function that takes its time and returns a value.

use std::time::Duration;

// ANCHOR: all
async fn slow() -> i32 {
    seastar::sleep(Duration::from_millis(100)).await;
    3
}

#[seastar::main]
async fn main() {
    let value = slow().await;
    println!("Got {value}");
}
// ANCHOR_END: all
