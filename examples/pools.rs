//! A function with a pool: each shard has room for so many of its fibers, and says so when that is not enough.

use seastar::yield_now;

// ANCHOR: pool
/// Serves one guest, at most three at a time on each shard.
#[seastar::task(pool = 3, max_size = 256)]
async fn serve(guest: u32) -> u32 {
    yield_now().await;
    guest * 100
}
// ANCHOR_END: pool

// ANCHOR: plain
/// Without a pool a task is an `async fn` whose arguments are held once.
#[seastar::task]
async fn receive(guest: u32) -> String {
    match serve(guest) {
        Ok(fiber) => format!("guest {guest} pays {}", fiber.await.expect("nobody cancels it")),
        Err(busy) => format!("guest {guest} is sent away: {busy}"),
    }
}
// ANCHOR_END: plain

#[seastar::main]
async fn main() {
    let tables: Vec<_> = (1..=3).map(|guest| serve(guest).expect("there is room")).collect();
    println!("{}", receive(4).await);
    for table in tables {
        println!("paid {}", table.await.expect("nobody cancels it"));
    }
    println!("{}", receive(5).await);
}
