//! Starting and joining fibers, and letting others run.

use crate::meter;
use crate::runtimes::{Runtime, wake_myself};

const OPERATIONS: f64 = 1_000_000.0;
/// tokio and compio take microseconds for what others do in nanoseconds.
const SLOW_OPERATIONS: f64 = 200_000.0;
const BATCH: u64 = 1000;

/// Measures on the runtime that this runs on.
pub async fn measure<R: Runtime>(scale: f64) {
    let (operations, slow_operations) = ((OPERATIONS * scale) as u64, (SLOW_OPERATIONS * scale) as u64);
    meter::cpu("spawn + join, one by one", slow_operations, async |count| {
        for _ in 0..count {
            R::spawn(async {}).await;
        }
    })
    .await;
    meter::cpu("spawn + join, batches of 1,000", operations, async |count| {
        let mut handles = Vec::with_capacity(BATCH as usize);
        for _ in 0..count / BATCH {
            handles.extend((0..BATCH).map(|_| R::spawn(async {})));
            for handle in handles.drain(..) {
                handle.await;
            }
        }
    })
    .await;
    meter::cpu("yield, 1 fiber", operations, async |count| {
        R::spawn(yield_often::<R>(count)).await;
    })
    .await;
    meter::cpu("yield, 2 fibers in turn", operations, async |count| {
        let (first, second) = (R::spawn(yield_often::<R>(count / 2)), R::spawn(yield_often::<R>(count / 2)));
        first.await;
        second.await;
    })
    .await;
    meter::cpu("wake oneself, 1 fiber", operations, async |count| {
        R::spawn(async move {
            for _ in 0..count {
                wake_myself().await;
            }
        })
        .await;
    })
    .await;
}

async fn yield_often<R: Runtime>(count: u64) {
    for _ in 0..count {
        R::yield_now().await;
    }
}
