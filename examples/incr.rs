//! What a function needs after it has waited, it simply keeps: here its argument.

use std::time::Duration;

// ANCHOR: all
async fn incr(i: i32) -> i32 {
    seastar::sleep(Duration::from_millis(10)).await;
    i + 1
}

#[seastar::main]
async fn main() {
    let value = incr(3).await;
    println!("Got {value}");
}
// ANCHOR_END: all
