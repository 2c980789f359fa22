//! A counter of which every shard has a part: to count, no shard waits for another.

use std::cell::Cell;

use seastar::{NotRunning, shard_count};

// ANCHOR: service
struct Counter {
    count: Cell<u64>,
}

#[seastar::sharded]
impl Counter {
    async fn start() -> Self {
        Counter { count: Cell::new(0) }
    }

    /// Counts here, wherever that is.
    fn add(&self, n: u64) {
        self.count.set(self.count.get() + n);
    }

    /// What one shard has counted.
    #[on(shard)]
    fn part(&self, shard: usize) -> u64 {
        self.count.get()
    }

    /// What all have counted.
    #[broadcast(reduce = |sum, next| sum + next)]
    fn total(&self) -> u64 {
        self.count.get()
    }

    /// Begins again.
    #[broadcast]
    fn reset(&self) {
        self.count.set(0);
    }
}
// ANCHOR_END: service

#[seastar::main]
async fn main() -> Result<(), NotRunning> {
    // ANCHOR: main
    let counter = Counter::start_sharded().await;
    seastar::invoke_on_all(async move || {
        let here = counter.local()?;
        (0..1000).for_each(|_| here.add(1));
        Ok(())
    })
    .await?;
    for shard in 0..shard_count() {
        println!("shard {shard} has counted to {}", counter.part(shard).await?);
    }
    println!("{} in all", counter.total().await?);
    counter.reset().await?;
    println!("{} after that", counter.total().await?);
    counter.stop().await;
    // ANCHOR_END: main
    Ok(())
}
