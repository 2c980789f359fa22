//! Does something 456 times, at most a hundred at a time, and waits until all of it is done.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use seastar::sync::{Semaphore, SemaphoreError};
use seastar::{sleep, spawn};

const LIMIT: usize = 100;

#[seastar::main]
async fn main() -> Result<(), SemaphoreError> {
    let done = Rc::new(Cell::new(0));
    // ANCHOR: main
    let limit = Rc::new(Semaphore::<LIMIT>::new());
    for _ in 0..456 {
        let unit = limit.acquire_owned(1).await?;
        let done = done.clone();
        spawn(async move {
            sleep(Duration::from_secs(1)).await;
            done.set(done.get() + 1);
            drop(unit);
        })
        .detach();
    }
    // All units are there when nobody holds one.
    let _all = limit.acquire(LIMIT).await?;
    // ANCHOR_END: main
    println!("{} done", done.get());
    Ok(())
}
