// A misspelt level.
#[seastar::main(default_log_level = "debgu")]
async fn main() {}
