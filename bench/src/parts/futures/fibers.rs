//! Fibers: through a gate, in turn, and a million that wait.

use crate::child::print_figure;
use crate::memory::anonymous_bytes;
use crate::meter;
use crate::runtimes::{Runtime, Seastar};
use seastar::sync::{Gate, Semaphore};
use std::future::pending;
use std::mem::forget;
use std::rc::Rc;

pub const FIBER: &str = "fiber through a gate: spawned, yields once, ends";
pub const YIELD: &str = "yield, 1 fiber";
pub const YIELD_MANY: &str = "yield, 1,000 fibers in turn";
pub const BLOCKED: &str = "a million fibers blocked for ever, each";
pub const WAITING: &str = "a million fibers waiting for a semaphore, each";
/// Memory in use for each fiber, without its future.
pub const BYTES: &str = "bytes beside the future";

const OPERATIONS: f64 = 2_000_000.0;
const FIBERS: u64 = 1000;
const WAITERS: u64 = 1_000_000;

pub async fn measure_ours(scale: f64) {
    meter::cpu(FIBER, (OPERATIONS * scale) as u64, async |count| {
        for _ in 0..count / FIBERS {
            let gate = Rc::new(Gate::new());
            for _ in 0..FIBERS {
                let holder = gate.hold_owned().expect("the gate is open");
                drop(seastar::spawn(async move {
                    seastar::yield_now().await;
                    drop(holder);
                }));
            }
            gate.close().await;
        }
    })
    .await;
    let semaphore: &'static Semaphore<1> = Box::leak(Box::default());
    semaphore.consume(1);
    wait::<Seastar, _>(WAITING, || async { drop(semaphore.acquire(1).await) }).await;
    assert_eq!(semaphore.waiters() as u64, WAITERS);
}

pub async fn measure<R: Runtime>(scale: f64) {
    let operations = (OPERATIONS * scale) as u64;
    meter::cpu(YIELD, operations, async |count| yield_in_turn::<R>(1, count).await).await;
    meter::cpu(YIELD_MANY, operations, async |count| yield_in_turn::<R>(FIBERS, count).await).await;
    if R::BEARS_A_MILLION_FIBERS {
        wait::<R, _>(BLOCKED, pending).await;
    }
}

async fn yield_in_turn<R: Runtime>(fibers: u64, count: u64) {
    let run = |_| {
        R::spawn(async move {
            for _ in 0..count / fibers {
                R::yield_now().await;
            }
        })
    };
    let handles: Vec<R::Handle> = (0..fibers).map(run).collect();
    for handle in handles {
        handle.await;
    }
}

/// Spawns fibers that wait, and waits until each has begun to.
async fn wait<R: Runtime, F: Future<Output = ()> + 'static>(case: &str, fiber: impl Fn() -> F) {
    let memory = || anonymous_bytes(std::process::id()).expect("the kernel tells the memory of each process");
    let (before, start) = (memory(), meter::own_cpu());
    for _ in 0..WAITERS {
        // Dropping it would end the fiber in some runtimes.
        forget(R::spawn(fiber()));
    }
    // The queue is first come, first served.
    R::spawn(async {}).await;
    print_figure(case, "CPU ns", (meter::own_cpu() - start) as f64 / WAITERS as f64);
    let bytes = (memory() - before) as f64 / WAITERS as f64;
    print_figure(case, BYTES, bytes - size_of::<F>() as f64);
    print_figure(case, "bytes of the future", size_of::<F>() as f64);
}
