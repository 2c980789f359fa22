//! A thread that is no shard waits for what is typed, and has a shard count the words of each line.

use std::cell::Cell;
use std::{io, thread};

use seastar::sync::Condvar;
use seastar::{Alien, AlienError};

// ANCHOR: shards
#[seastar::shard_local]
static WORDS: Cell<usize> = Cell::new(0);

#[seastar::shard_local]
static END: Condvar = Condvar::new();

#[seastar::main]
async fn main() {
    let shards = seastar::alien();
    thread::spawn(move || read_lines(&shards));
    END.wait().await.expect("nobody breaks it");
    let mut words = 0;
    for shard in 0..seastar::shard_count() {
        words += seastar::submit_to(shard, async || WORDS.get()).await;
    }
    println!("{words} words");
}
// ANCHOR_END: shards

// ANCHOR: thread
/// Runs on a thread of its own, so it may block.
#[expect(clippy::disallowed_methods, reason = "no shard waits for it")]
fn read_lines(shards: &Alien) -> Result<(), AlienError> {
    for (number, line) in io::stdin().lines().map_while(Result::ok).enumerate() {
        let count = async move || {
            let words = line.split_whitespace().count();
            WORDS.set(WORDS.get() + words);
            words
        };
        let words = shards.submit_to(number % shards.shard_count(), count).wait()?;
        println!("line {number}: {words}");
    }
    shards.submit_to(0, async || END.signal()).wait()
}
// ANCHOR_END: thread
