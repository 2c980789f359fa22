//! What somebody has to wait for: the fiber is suspended, woken and polled again in each operation.

use crate::meter;
use seastar::future::{BrokenPromise, FutureExt, Promise, Promised, parallel_for_each};
use std::future::poll_fn;
use std::hint::black_box;
use std::pin::pin;

pub const AWAIT_LATER: &str = "value that arrives later, awaited";
pub const THEN_LATER: &str = "value that arrives later, `then`";
pub const PARALLEL_LATER: &str = "`parallel_for_each` over 100, suspended once, for each element";

const OPERATIONS: f64 = 2_000_000.0;
const ELEMENTS: u64 = 100;

pub async fn measure(scale: f64) {
    let operations = (OPERATIONS * scale) as u64;
    meter::cpu(AWAIT_LATER, operations, async |count| {
        for number in 0..count {
            let (promise, promised) = Promise::new();
            give_while_awaited(promise, number, add_one(promised)).await;
        }
    })
    .await;
    meter::cpu(THEN_LATER, operations, async |count| {
        for number in 0..count {
            let (promise, promised) = Promise::new();
            give_while_awaited(promise, number, promised.then(async |value: u64| Ok(value + 1))).await;
        }
    })
    .await;
    meter::cpu(PARALLEL_LATER, operations, async |count| {
        for _ in 0..count / ELEMENTS {
            parallel_for_each(0..ELEMENTS, async |_| seastar::yield_now().await).await;
        }
    })
    .await;
}

async fn add_one(promised: Promised<u64>) -> Result<u64, BrokenPromise> {
    Ok(promised.await? + 1)
}

/// Awaits `future`, and keeps the promise as soon as it waits.
async fn give_while_awaited<T>(promise: Promise<u64>, value: u64, future: impl Future<Output = T>) {
    let (mut promise, mut future) = (Some(promise), pin!(future));
    let output = poll_fn(|context| {
        let polled = future.as_mut().poll(context);
        if let Some(promise) = promise.take() {
            assert!(polled.is_pending(), "nobody has given the value yet");
            promise.set(value).expect("it is awaited");
        }
        polled
    });
    black_box(output.await);
}
