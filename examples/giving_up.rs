//! The ways in which a wait for a semaphore ends without units.

use std::time::Duration;

use seastar::sync::{AbortSource, Limit, Semaphore};
use seastar::{sleep, when_all};

#[seastar::main]
async fn main() {
    // ANCHOR: main
    let disk = Semaphore::<2>::new().named("disk");
    let mut all = disk.acquire(2).await.expect("they are free");

    let late = disk.acquire(1).within(Duration::from_millis(5)).await;
    println!("{}", late.unwrap_err());

    let stop = AbortSource::new();
    let (called_off, ()) = when_all!(disk.acquire(1).unless(&stop), async { stop.abort() });
    println!("{}", called_off.unwrap_err());

    println!("{}", disk.acquire(3).await.unwrap_err());
    // ANCHOR_END: main

    // ANCHOR: order
    let large = async {
        let units = disk.acquire(2).within(Duration::from_millis(20)).await;
        println!("the large one: {}", units.map_or("gives up", |_| "has its units"));
    };
    let small = async {
        let _unit = disk.acquire(1).await.expect("nobody breaks it");
        println!("the small one: has its unit");
    };
    let holder = async {
        sleep(Duration::from_millis(1)).await;
        // One is free now. The small one has to wait all the same, until the large one leaves.
        all.return_units(1).expect("there are two");
        sleep(Duration::from_millis(50)).await;
    };
    when_all!(large, small, holder);
    // ANCHOR_END: order

    // ANCHOR: broken
    // One is still held, so this waits.
    let (waiting, ()) = when_all!(disk.acquire(2), async { disk.broken() });
    println!("{}, and for later ones: {}", waiting.unwrap_err(), disk.acquire(1).await.unwrap_err());
    // ANCHOR_END: broken
}
