//! A promise is kept by one fiber, and its future awaited by another.

use std::io::{self, Write};
use std::time::Duration;

use seastar::future::Promise;
use seastar::{sleep, spawn};

// ANCHOR: all
/// Prints a number each second, and keeps the promise after the tenth.
async fn count(promise: Promise<&'static str>) {
    for number in 0..10 {
        sleep(Duration::from_secs(1)).await;
        print!("{number}...");
        io::stdout().flush().expect("stdout is open");
    }
    println!();
    let nobody_waits = promise.set("ten messages");
    nobody_waits.expect("main waits");
}

#[seastar::main]
async fn main() {
    let (promise, kept) = Promise::new();
    spawn(count(promise)).detach();
    match kept.await {
        Ok(what) => println!("That was {what}."),
        Err(broken) => println!("{broken}"),
    }
}
// ANCHOR_END: all
