//! Runtimes for tests that are no `seastar::test`, because they look at what is left afterwards.

use seastar::Options;

/// Options of a runtime that shares the machine with other tests.
pub fn options(shards: u32) -> Options {
    Options::new().shards(shards).memory(u64::from(shards) * (64 << 20)).overprovisioned(true)
}

/// Runs `main` on the first of so many shards.
pub fn run<T: 'static>(shards: u32, main: impl AsyncFnOnce() -> T + 'static) -> T {
    seastar::run(options(shards), main).unwrap()
}
