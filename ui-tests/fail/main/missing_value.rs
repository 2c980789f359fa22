// Only a flag may stand alone.
#[seastar::main(shards, memory =)]
async fn main() {}
