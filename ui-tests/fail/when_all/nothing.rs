// Nothing to wait for is a mistake and not an empty tuple.
async fn f() {
    seastar::when_all!();
    seastar::when_all_succeed!();
    seastar::when_any! {}
}

fn main() {}
