// `return` leaves the function, and that returns a number.
use std::time::Duration;

async fn length(text: &str) -> usize {
    let length = seastar::with_timeout!(Duration::from_secs(1) => {
        seastar::yield_now().await;
        if text.is_empty() {
            return "nothing";
        }
        text.len()
    });
    length.unwrap_or(0)
}

fn main() {}
