// All shards would share the cell behind the reference.
use std::cell::Cell;

struct Counter(&'static Cell<u32>);

#[seastar::shard_local]
static COUNTER: Counter = Counter(&Cell::new(1));

fn main() {
    COUNTER.0.set(2);
}
