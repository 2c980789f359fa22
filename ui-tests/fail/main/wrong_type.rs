// Each value is of another type than its option.
#[seastar::main(
    shards = "2",
    memory = 1G,
    cpuset = 0-3,
    overprovisioned = 1,
    task_quota_ms = -0.5,
    default_log_level = debug,
    crate = "seastar"
)]
async fn main() {}
