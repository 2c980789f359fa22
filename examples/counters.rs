//! A static of which every shard has its own: no shard waits for another to count.

use std::cell::Cell;

use seastar::{invoke_on_all, shard_count, submit_to, this_shard};

// ANCHOR: static
/// Guests that this shard has served.
#[seastar::shard_local]
static GUESTS: Cell<usize> = Cell::new(0);
// ANCHOR_END: static

// ANCHOR: use
fn serve() {
    GUESTS.set(GUESTS.get() + 1);
}
// ANCHOR_END: use

// ANCHOR: main
#[seastar::main]
async fn main() {
    invoke_on_all(async || {
        for _ in 0..=this_shard() {
            serve();
        }
    })
    .await;
    for shard in 0..shard_count() {
        let guests = submit_to(shard, async || GUESTS.get()).await;
        println!("Guests of shard {shard}: {guests}");
    }
}
// ANCHOR_END: main
