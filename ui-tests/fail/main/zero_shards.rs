// Somebody has to run the program.
#[seastar::main(shards = 0)]
async fn main() {}
