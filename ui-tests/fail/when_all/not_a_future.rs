// A value is not a future.
async fn f() {
    seastar::when_all!(async { 1 }, 2);
}

fn main() {}
