//! Prints on how many shards it runs: one for each core, or as many as `-c` says.

// ANCHOR: all
/// Prints the number of shards.
#[seastar::main]
async fn main() {
    println!("{}", seastar::shard_count());
}
// ANCHOR_END: all
