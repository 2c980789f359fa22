// `?` works on results, in a body with a limit as elsewhere.
use std::time::Duration;

async fn f() -> Result<(), u8> {
    let _ = seastar::with_timeout!(Duration::ZERO => {
        seastar::yield_now().await;
        5?;
    });
    Ok(())
}

fn main() {}
