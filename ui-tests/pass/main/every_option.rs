// Each option reaches the runtime under its own name. Not run, because not every machine lets us use CPU 0.
mod program {
    #[seastar::main(
        shards = 1,
        memory = "64MiB",
        reserve_memory = "1k",
        cpuset = "0",
        thread_affinity = false,
        overprovisioned,
        poll_mode = false,
        idle_poll_time_us = 50,
        task_quota_ms = 1,
        reactor_backend = "epoll",
        blocking_threads = 3,
        default_log_level = "warn",
        own_log,
        handle_interrupt = true,
        grace_period_ms = 2_000
    )]
    pub async fn main() {}
}

fn main() {
    let _: fn() -> std::process::ExitCode = program::main;
}
