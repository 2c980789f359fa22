//! Asking work to come to an end: an abort source, and those who listen to it.

use std::rc::Rc;
use std::time::Duration;

use seastar::sync::{AbortSource, Limit, Semaphore};
use seastar::{sleep, spawn, when_any};

// ANCHOR: worker
async fn worker(stop: Rc<AbortSource>) -> u32 {
    let mut rounds = 0;
    loop {
        when_any! {
            _ = stop.aborted() => return rounds,
            _ = sleep(Duration::from_millis(10)) => rounds += 1,
        }
    }
}
// ANCHOR_END: worker

#[seastar::main]
async fn main() {
    // ANCHOR: main
    let stop = Rc::new(AbortSource::new());
    let worker = spawn(worker(stop.clone()));
    let stopper = stop.clone();
    spawn(async move {
        sleep(Duration::from_millis(100)).await;
        stopper.abort();
    })
    .detach();

    // Nobody gives the unit back, so only the abort ends this.
    let semaphore = Semaphore::<1>::new();
    let _unit = semaphore.acquire(1).await;
    let waited = semaphore.acquire(1).unless(&stop).await;
    println!("{}", waited.unwrap_err());

    let rounds = worker.await.expect("the worker does not panic");
    println!("{}", if rounds < 1000 { "the worker stopped soon" } else { "the worker took its time" });
    // ANCHOR_END: main
}
