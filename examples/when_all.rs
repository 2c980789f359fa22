//! Waiting for several futures: for all of them, for all to succeed, or for the first.

use std::num::ParseIntError;
use std::time::{Duration, Instant};

use seastar::{sleep, when_all, when_all_succeed, when_any};

async fn after<T>(millis: u64, value: T) -> T {
    sleep(Duration::from_millis(millis)).await;
    value
}

async fn parse(text: &str) -> Result<i32, ParseIntError> {
    after(10, text).await.parse()
}

#[seastar::main]
async fn main() {
    // ANCHOR: all
    let start = Instant::now();
    let (one, two, three) = when_all!(after(300, 1), after(200, 2), after(100, 3.5));
    println!("{one} {two} {three}");
    assert!(start.elapsed() < Duration::from_millis(600), "they wait side by side");
    // ANCHOR_END: all

    // ANCHOR: succeed
    let both = when_all_succeed!(parse("2"), parse("35"));
    println!("{both:?}");
    let failed = when_all_succeed!(parse("2"), parse("three"), parse("four"));
    println!("{}", failed.unwrap_err());
    // ANCHOR_END: succeed

    // ANCHOR: any
    let first = when_any! {
        text = after(1000, "the tortoise") => text,
        text = after(10, "the hare") => text,
    };
    println!("{first} is first");
    // ANCHOR_END: any

    // ANCHOR: list
    let words = ["one", "two", "three", "four"];
    let lengths = seastar::future::when_all(words.map(|word| after(10, word.len()))).await;
    println!("{:?}", lengths.collect::<Vec<_>>());
    // ANCHOR_END: list
}
