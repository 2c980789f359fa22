// A number has no unit.
async fn f() {
    let _ = seastar::with_timeout!(5 => seastar::yield_now().await);
}

fn main() {}
