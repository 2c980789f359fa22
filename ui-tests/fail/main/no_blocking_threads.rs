// Without helpers nothing that blocks would ever run.
#[seastar::main(blocking_threads = 0)]
async fn main() {}
