// Each future needs a name for its output, and a body.
async fn f() {
    seastar::when_any! { seastar::yield_now() => () }
    seastar::when_any! { _ = seastar::yield_now() }
    seastar::when_any! { _ = seastar::yield_now() => () _ = seastar::yield_now() => () }
}

fn main() {}
