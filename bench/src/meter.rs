//! Measuring one operation inside a measuring process: CPU time, time on the wall, allocations.

use crate::allocations;
use crate::child::print_figure;
use crate::clock::CpuClock;
use std::time::Instant;

/// Operations in the pass that counts allocations.
const COUNTED_MAX: u64 = 10_000;

/// What a table shows first, and what its ratios are about.
#[derive(Clone, Copy, PartialEq)]
pub enum First {
    Wall,
    Cpu,
}

/// Runs `body` for `operations` and prints the CPU time and the allocations of one of them.
pub async fn cpu(case: &str, operations: u64, body: impl AsyncFn(u64)) {
    let (_, cpu) = time(operations, &body).await;
    print_figure(case, "CPU ns", cpu);
    count(case, operations, body).await;
}

/// Runs `body` for `operations` and prints the time on the wall, the CPU time and the allocations of one of them.
pub async fn wall_and_cpu(case: &str, first: First, operations: u64, body: impl AsyncFn(u64)) {
    let (wall, cpu) = time(operations, &body).await;
    let figures = [("wall ns", wall), ("CPU ns", cpu)];
    for (metric, value) in if first == First::Wall { figures } else { [figures[1], figures[0]] } {
        print_figure(case, metric, value);
    }
    count(case, operations, body).await;
}

/// Time on the wall and CPU time of an operation, in nanoseconds.
async fn time(operations: u64, body: &impl AsyncFn(u64)) -> (f64, f64) {
    body(operations / 10).await;
    let (start, start_cpu) = (Instant::now(), own_cpu());
    body(operations).await;
    let per_operation = |nanoseconds: f64| nanoseconds / operations as f64;
    (per_operation(start.elapsed().as_nanos() as f64), per_operation((own_cpu() - start_cpu) as f64))
}

async fn count(case: &str, operations: u64, body: impl AsyncFn(u64)) {
    let counted = operations.min(COUNTED_MAX);
    allocations::start();
    body(counted).await;
    print_figure(case, "allocations", allocations::stop() as f64 / counted as f64);
}

/// CPU time of this process so far, in nanoseconds.
pub fn own_cpu() -> u64 {
    CpuClock::OWN.nanoseconds().expect("every process has a CPU clock")
}
