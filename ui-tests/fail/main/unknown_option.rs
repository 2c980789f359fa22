// Each is nearly an option, except for the last.
#[seastar::main(shard = 2, log_level = "debug", poll-mode, colour = "red")]
async fn main() {}
