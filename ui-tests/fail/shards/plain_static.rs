// A static is for all threads, and a cell for one: `#[seastar::shard_local]` gives every shard its own.
use std::cell::Cell;

static SERVED: Cell<u32> = Cell::new(0);

#[seastar::main]
async fn main() {
    SERVED.set(SERVED.get() + 1);
}
