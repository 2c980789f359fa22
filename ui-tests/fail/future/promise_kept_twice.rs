//! A promise is kept once.

use seastar::future::Promise;

#[seastar::main]
async fn main() {
    let (promise, future) = Promise::new();
    promise.set(1).unwrap();
    promise.set(2).unwrap();
    future.await.unwrap();
}
