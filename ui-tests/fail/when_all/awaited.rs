// An `.await` inside would run the futures one after the other.
use seastar::{sleep, when_all};
use std::time::Duration;

async fn f() {
    when_all!(sleep(Duration::ZERO).await, sleep(Duration::ZERO));
}

fn main() {}
