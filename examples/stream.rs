//! A pipe is a stream, and so is what other crates of the ecosystem make of one.

use std::pin::{Pin, pin};

use futures_core::Stream;
use seastar::spawn;
use seastar::sync::pipe;

// ANCHOR: generate
/// The Fibonacci numbers, as a stream: the fiber behind it runs as far ahead as the pipe is wide.
fn fibonacci() -> impl Stream<Item = u64> {
    let (reader, mut writer) = pipe(4);
    spawn(async move {
        let (mut this, mut next) = (0u64, 1u64);
        // Ends when nobody reads any more.
        while writer.write(this).await.is_ok() {
            (this, next) = (next, this + next);
        }
    })
    .detach();
    reader
}
// ANCHOR_END: generate

// ANCHOR: next
async fn next<S: Stream>(stream: &mut Pin<&mut S>) -> Option<S::Item> {
    std::future::poll_fn(|context| stream.as_mut().poll_next(context)).await
}

#[seastar::main]
async fn main() {
    let mut numbers = pin!(fibonacci());
    for _ in 0..10 {
        match next(&mut numbers).await {
            Some(number) => print!("{number} "),
            None => break,
        }
    }
    println!();
}
// ANCHOR_END: next
