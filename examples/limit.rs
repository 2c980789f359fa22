//! At most a hundred things at a time: a loop that starts one more as soon as there is room, for ever.

use std::rc::Rc;
use std::time::Duration;

use seastar::future::keep_doing;
use seastar::sync::{Semaphore, SemaphoreError};
use seastar::{sleep, spawn};

async fn slow() {
    sleep(Duration::from_secs(1)).await;
    eprint!(".");
}

// ANCHOR: main
#[seastar::main]
async fn main() -> Result<(), SemaphoreError> {
    let limit = Rc::new(Semaphore::<100>::new());
    let never = keep_doing(async || {
        let unit = limit.acquire_owned(1).await?;
        spawn(async move {
            slow().await;
            drop(unit);
        })
        .detach();
        Ok(())
    });
    match never.await? {}
}
// ANCHOR_END: main
