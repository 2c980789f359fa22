// Only a `static` has a place of its own.
#[seastar::shard_local]
fn limit() {}

#[seastar::shard_local]
const LIMIT: u8 = 1;

fn main() {
    limit();
    let _ = LIMIT;
}
