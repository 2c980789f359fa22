// A block would run here, and an `.await` would wait here.
use seastar::{background, yield_now};

async fn f() {
    let _ = background!(gate = none, on_error = log => { yield_now().await; yield_now().await });
    let _ = background!(gate = none, on_error = log => yield_now().await);
}

fn main() {}
