//! Calls within limits: a deadline that goes along, and a group of which only so many run.

use std::cell::Cell;
use std::time::Duration;

use seastar::future::when_all_succeed;
use seastar::{CallError, CallOptions, ServiceGroup, shard_count, sleep, submit_to, submit_to_with};

#[seastar::shard_local]
static RUNNING: Cell<u32> = Cell::new(0);

#[seastar::shard_local]
static MOST: Cell<u32> = Cell::new(0);

async fn look_up() {
    RUNNING.set(RUNNING.get() + 1);
    MOST.set(MOST.get().max(RUNNING.get()));
    sleep(Duration::from_millis(1)).await;
    RUNNING.set(RUNNING.get() - 1);
}

#[seastar::main]
async fn main() -> Result<(), CallError> {
    let other = shard_count() - 1;

    // ANCHOR: deadline
    let options = CallOptions::new().timeout(Duration::from_millis(10));
    let late = submit_to_with(options, other, async || sleep(Duration::from_secs(3600)).await);
    println!("{}", late.await.unwrap_err());
    // ANCHOR_END: deadline

    // ANCHOR: group
    static LOOKUPS: ServiceGroup = ServiceGroup::new("lookups", 2);

    let options = CallOptions::new().group(&LOOKUPS);
    let calls = (0..20).map(|_| submit_to_with(options, other, look_up));
    when_all_succeed(calls).await?;
    // ANCHOR_END: group

    let most = submit_to(other, async || MOST.get()).await;
    println!("20 were looked up, at most {most} at a time");
    Ok(())
}
