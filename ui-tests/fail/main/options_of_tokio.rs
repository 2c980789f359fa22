// Other runtimes have other names.
#[seastar::main(flavor = "current_thread", worker_threads = 1)]
async fn main() {}
