// `?` leaves the surrounding function, which returns nothing.
use std::time::Duration;

async fn f() {
    let _ = seastar::with_timeout!(Duration::ZERO => {
        seastar::yield_now().await;
        "1".parse::<u8>()?;
    });
}

fn main() {}
