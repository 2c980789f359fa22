// `break` is about the surrounding function, and there is no loop there.
use std::time::Duration;

async fn f() {
    let _ = seastar::with_timeout!(Duration::ZERO => {
        seastar::yield_now().await;
        break;
    });
}

fn main() {}
