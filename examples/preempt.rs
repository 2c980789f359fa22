//! A long computation that asks, again and again, whether others should have their turn.

use std::cell::Cell;
use std::hint::black_box;
use std::rc::Rc;
use std::time::{Duration, Instant};

use seastar::{maybe_yield, spawn, yield_now};

// ANCHOR: compute
/// Computes for a while, and gives way now and then if it may.
async fn compute(gives_way: bool) -> u64 {
    let (start, mut sum) = (Instant::now(), 0u64);
    while start.elapsed() < Duration::from_millis(50) {
        sum = black_box(sum.wrapping_mul(31).wrapping_add(7));
        if gives_way {
            maybe_yield().await;
        }
    }
    sum
}
// ANCHOR_END: compute

#[seastar::main]
async fn main() {
    // ANCHOR: main
    let turns = Rc::new(Cell::new(0));
    let counter = turns.clone();
    let other = spawn(async move {
        loop {
            counter.set(counter.get() + 1);
            yield_now().await;
        }
    });
    yield_now().await;

    let before = turns.get();
    compute(false).await;
    println!("The other fiber had its turn meanwhile: {}", turns.get() > before);
    compute(true).await;
    println!("The other fiber had its turn meanwhile: {}", turns.get() > before);
    other.cancel();
    // ANCHOR_END: main
}
