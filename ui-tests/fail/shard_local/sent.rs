// What a shard has of it stays there.
use std::cell::Cell;

#[seastar::shard_local]
static COUNT: Cell<u32> = Cell::new(0);

#[seastar::main]
async fn main() {
    let count: &Cell<u32> = &COUNT;
    drop(seastar::submit_to(0, async move || count.set(1)));
}
