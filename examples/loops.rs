//! Each of the loops, on something small.

use std::cell::Cell;
use std::ops::ControlFlow::{Break, Continue};

use seastar::future::{
    do_for_each, do_until, map_reduce, max_concurrent_for_each, parallel_for_each, repeat, repeat_until_value,
};
use seastar::yield_now;

#[seastar::main]
async fn main() {
    // ANCHOR: repeat
    let mut rounds = 0;
    let last = repeat(async || {
        rounds += 1;
        if rounds < 3 { Continue(()) } else { Break(rounds) }
    });
    println!("repeat: {}", last.await);
    // ANCHOR_END: repeat

    // ANCHOR: repeat_until_value
    let mut words = ["", "", "found"].into_iter();
    let word = repeat_until_value(async || words.next().filter(|word| !word.is_empty()));
    println!("repeat_until_value: {}", word.await);
    // ANCHOR_END: repeat_until_value

    // ANCHOR: do_until
    let left = Cell::new(3);
    do_until(|| left.get() == 0, async || left.set(left.get() - 1)).await;
    println!("do_until: {} left", left.get());
    // ANCHOR_END: do_until

    // ANCHOR: do_for_each
    do_for_each(1..=3, async |n| {
        yield_now().await;
        println!("do_for_each: {n}");
    })
    .await;
    // ANCHOR_END: do_for_each

    // ANCHOR: parallel
    let (running, most) = (Cell::new(0), Cell::new(0));
    let work = async |_| {
        running.set(running.get() + 1);
        most.set(most.get().max(running.get()));
        yield_now().await;
        running.set(running.get() - 1);
    };
    parallel_for_each(0..10, work).await;
    println!("parallel_for_each: {} at once", most.take());
    max_concurrent_for_each(0..10, 4, work).await;
    println!("max_concurrent_for_each: {} at once", most.take());
    // ANCHOR_END: parallel

    // ANCHOR: map_reduce
    let squares =
        map_reduce(1..=4, async |n| n * n, String::new(), |text, square| format!("{text} {square}"));
    println!("map_reduce:{}", squares.await);
    // ANCHOR_END: map_reduce
}
