// The runtime would refuse these at start.
#[seastar::main(shards = 5000, idle_poll_time_us = 2_000_000, grace_period_ms = 99999999999999999999)]
async fn main() {}
