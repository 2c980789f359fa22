// Which of the two is it?
#[seastar::main(shards = 2, memory = "1G", shards = 4)]
async fn main() {}
