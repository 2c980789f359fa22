//! A queue with one fiber that fills it and several that empty it.

use std::rc::Rc;

use seastar::future::parallel_for_each;
use seastar::sync::{Queue, QueueError};
use seastar::{spawn, yield_now};

// ANCHOR: main
#[seastar::main]
async fn main() -> Result<(), QueueError> {
    let parcels = Rc::new(Queue::new(2));
    let packer = parcels.clone();
    let packed = spawn(async move {
        for number in 1..=6 {
            packer.push(number).await?;
        }
        // Whoever still waits, or comes later, is told that it is over. What is in the queue would be
        // lost, so wait first.
        while !packer.is_empty() {
            yield_now().await;
        }
        packer.abort();
        Ok::<_, QueueError>(())
    });
    parallel_for_each(["Ada", "Grace"], async |carrier| {
        loop {
            match parcels.pop().await {
                Ok(number) => println!("{carrier} carries {number}"),
                Err(over) => return println!("{carrier} goes home: {over}"),
            }
        }
    })
    .await;
    packed.await.expect("it does not panic")
}
// ANCHOR_END: main
