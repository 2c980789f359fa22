//! A future does nothing until it is awaited, and no more once it is dropped. A fiber runs by itself.

use std::time::Duration;

use seastar::{sleep, spawn, timeout};

const SOON: Duration = Duration::from_millis(10);
const LATER: Duration = Duration::from_millis(500);
const TOO_LATE: Duration = Duration::from_secs(3600);

// ANCHOR: tell
async fn tell(delay: Duration, text: &str) {
    sleep(delay).await;
    println!("{text}");
}
// ANCHOR_END: tell

#[seastar::main]
async fn main() {
    // ANCHOR: unawaited
    let future = tell(SOON, "This is never printed");
    drop(future);
    // ANCHOR_END: unawaited

    // ANCHOR: timeout
    let result = timeout(SOON, tell(TOO_LATE, "Neither is this")).await;
    println!("{result:?}");
    // ANCHOR_END: timeout

    // ANCHOR: spawn
    let mut fiber = spawn(tell(LATER, "A fiber runs on"));
    let result = timeout(SOON, &mut fiber).await;
    println!("{result:?}");
    println!("{:?}", fiber.await);
    // ANCHOR_END: spawn

    // ANCHOR: cancel
    let fiber = spawn(tell(TOO_LATE, "Unless somebody ends it"));
    fiber.cancel();
    println!("{:?}", fiber.await);
    // ANCHOR_END: cancel
}
