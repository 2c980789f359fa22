// Whoever renames the runtime says so.
mod runtimes {
    pub use seastar as sea;
}

#[runtimes::sea::main(shards = 1, crate = runtimes::sea)]
async fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
