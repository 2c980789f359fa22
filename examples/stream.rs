//! Streams: values that come one after the other, from a generator, from the clock, or through a pipe.

use std::pin::pin;
use std::time::Duration;

use seastar::future::{StreamExt, generate};
use seastar::spawn;
use seastar::sync::pipe;
use seastar::time::interval;

#[seastar::main]
async fn main() {
    // ANCHOR: generate
    let mut fibonacci = pin!(generate(async |mut numbers| {
        let (mut this, mut next) = (0u64, 1u64);
        loop {
            numbers.emit(this).await;
            (this, next) = (next, this + next);
        }
    }));
    for _ in 0..10 {
        if let Some(number) = fibonacci.next().await {
            print!("{number} ");
        }
    }
    println!();
    // ANCHOR_END: generate

    // ANCHOR: interval
    let mut ticks = pin!(interval(Duration::from_millis(10)));
    for n in 1..=3 {
        ticks.next().await;
        println!("tick {n}");
    }
    // ANCHOR_END: interval

    // ANCHOR: pipe
    let (mut reader, mut writer) = pipe(4);
    spawn(async move {
        for word in ["a", "pipe", "is", "a", "stream"] {
            if writer.write(word).await.is_err() {
                return; // nobody reads any more
            }
        }
    })
    .detach();
    while let Some(word) = reader.next().await {
        print!("{word} ");
    }
    println!();
    // ANCHOR_END: pipe
}
