// A future does nothing until it is awaited; of that, the compiler only warns by itself.
use std::time::Duration;

async fn work() -> u8 {
    1
}

#[seastar::main]
async fn main() {
    work();
    seastar::spawn(async { seastar::sleep(Duration::from_millis(1)); }).await.unwrap();
}
