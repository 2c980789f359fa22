//! Dropping any future at any of its suspension points, under random schedules: no unit is lost, the order is
//! kept, and nobody waits for ever.
//!
//! `models` and `pipes` compare each step of one primitive with a model that is too simple to be wrong. `fibers` runs scripts over all
//! primitives, by wakes alone, and drops one fiber at each of its suspension points in turn.
//! Each test prints its seed; `SEASTAR_SEED` repeats a run.

mod fibers;
mod models;
mod pipes;

use std::fmt::Debug;
use std::time::{SystemTime, UNIX_EPOCH};

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestRunner};

/// Checks `holds` for so many random `cases`, and prints the smallest one for which it does not.
fn check<S: Strategy<Value: Debug>>(cases: u32, inputs: S, holds: impl Fn(S::Value)) {
    let seed = std::env::var("SEASTAR_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_nanos() as u64)
    });
    println!("SEASTAR_SEED={seed}");
    let config =
        Config { cases, rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&inputs, |input| {
        holds(input);
        Ok(())
    });
    if let Err(failure) = result {
        panic!("SEASTAR_SEED={seed}: {failure}");
    }
}
