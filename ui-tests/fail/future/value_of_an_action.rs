//! What an action returns would be lost.

use seastar::future::do_for_each;

#[seastar::main]
async fn main() {
    do_for_each(1..4, async |n| n * n).await;
}
