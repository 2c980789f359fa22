//! A limit of which every shard has its own: at most a hundred calls at a time on each.

use std::cell::Cell;
use std::time::Duration;

use seastar::future::parallel_for_each;
use seastar::sync::{Semaphore, SemaphoreError};
use seastar::{shard_count, sleep, submit_to, with_semaphore};

// ANCHOR: g
#[seastar::shard_local]
static LIMIT: Semaphore<100> = Semaphore::new();

/// Runs at most a hundred times at once on each shard.
async fn g(number: u32) -> Result<(), SemaphoreError> {
    with_semaphore!(LIMIT, 1 => slow(number).await)
}
// ANCHOR_END: g

#[seastar::shard_local]
static MOST: Cell<isize> = Cell::new(0);

async fn slow(number: u32) {
    let running = 100 - LIMIT.available_units();
    MOST.set(MOST.get().max(running));
    sleep(Duration::from_millis(u64::from(number % 7))).await;
}

#[seastar::main]
async fn main() -> Result<(), SemaphoreError> {
    for shard in 0..shard_count() {
        let most = submit_to(shard, async || {
            parallel_for_each(0..1000, g).await?;
            Ok::<_, SemaphoreError>(MOST.get())
        });
        println!("At most {} at a time on shard {shard}", most.await?);
    }
    Ok(())
}
