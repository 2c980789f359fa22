// Options are written `key = value`, as in other attributes.
#[seastar::main(shards: 2, memory("1G"), 3,, poll_mode)]
async fn main() {}
