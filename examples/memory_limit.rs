//! Units as bytes: requests wait until what they need fits, and what can never fit is told at once.

use std::cell::Cell;
use std::time::Duration;

use seastar::future::parallel_for_each;
use seastar::sync::{Semaphore, SemaphoreError};
use seastar::{sleep, with_semaphore};

// ANCHOR: function
const MEMORY: usize = 1_000_000;

async fn using_lots_of_memory(memory: &Semaphore<MEMORY>, bytes: usize) -> Result<usize, SemaphoreError> {
    with_semaphore!(memory, bytes => {
        sleep(Duration::from_millis(10)).await;
        MEMORY - memory.current()
    })
}
// ANCHOR_END: function

#[seastar::main]
async fn main() -> Result<(), SemaphoreError> {
    let memory = Semaphore::new().named("memory");
    let most = Cell::new(0);
    parallel_for_each(0..20, async |_| {
        let used = using_lots_of_memory(&memory, 300_000).await?;
        most.set(most.get().max(used));
        Ok::<_, SemaphoreError>(())
    })
    .await?;
    println!("At most {} bytes at a time", most.get());

    // ANCHOR: too_much
    let error = using_lots_of_memory(&memory, 2_000_000).await.unwrap_err();
    println!("{error}");
    // ANCHOR_END: too_much
    Ok(())
}
