// A sleep cannot fail, so `then` has nothing to skip: await it, or write `then_wrapped`.
use seastar::future::FutureExt;
use seastar::sleep;
use std::time::Duration;

#[seastar::main]
async fn main() {
    sleep(Duration::from_secs(1)).then(async |()| Ok::<_, ()>("done")).await.unwrap();
}
