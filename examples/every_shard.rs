//! Asks every shard in turn for its number.

use seastar::{shard_count, submit_to, this_shard};

// ANCHOR: main
#[seastar::main]
async fn main() {
    for shard in 0..shard_count() {
        let answer = submit_to(shard, async || this_shard() * 10).await;
        println!("Shard {shard} answers {answer}");
    }
}
// ANCHOR_END: main
