// The result would be owned by two shards.
use std::rc::Rc;

#[seastar::main]
async fn main() {
    let list = seastar::submit_to(1, async || Rc::new(vec![1])).await;
    println!("{list:?}");
}
