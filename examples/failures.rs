//! How a fiber's failure reaches whoever awaits it, and what happens when nobody does.

use std::num::ParseIntError;

use seastar::{abandoned_failures, spawn, yield_now};

// ANCHOR: parse
async fn parse(text: &str) -> Result<i32, ParseIntError> {
    text.parse()
}
// ANCHOR_END: parse

#[seastar::main]
async fn main() {
    // ANCHOR: error
    println!("{:?}", spawn(parse("7")).await);
    println!("{:?}", spawn(parse("seven")).await);
    // ANCHOR_END: error

    // ANCHOR: panic
    let fiber = spawn(async { parse("eight").await.expect("a number") });
    println!("{:?}", fiber.await);
    // ANCHOR_END: panic

    // ANCHOR: unread
    drop(spawn(parse("nine")));
    yield_now().await;
    println!("{} failure that nobody read", abandoned_failures());
    // ANCHOR_END: unread
}
