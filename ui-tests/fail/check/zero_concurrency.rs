// A loop that may run none of its iterations at a time never ends.
use seastar::future::max_concurrent_for_each;

#[seastar::main]
async fn main() {
    max_concurrent_for_each(0..10, 0, async |n| println!("{n}")).await;
}
