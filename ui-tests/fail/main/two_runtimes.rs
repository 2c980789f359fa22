// One runtime is enough.
#[seastar::main]
#[seastar::main(shards = 1)]
async fn main() {}
