// A type that nothing determines is missed where it should be.
use std::cell::RefCell;

#[seastar::main]
async fn main() {
    let cell = RefCell::new(1);
    let unknown = Default::default();
    let list = Vec::new();
    seastar::yield_now().await;
    drop((cell, list));
    seastar::spawn(async {
        let other = "1".parse().unwrap();
        seastar::yield_now().await;
    })
    .await
    .unwrap();
}
