//! What nobody has to wait for. Inputs and outputs pass through `black_box`, so that the compiler cannot fold rounds.

use crate::meter;
use seastar::future::{FutureExt, parallel_for_each, when_all};
use std::hint::black_box;

pub const READY: &str = "ready async function awaited";
pub const NESTED: &str = "ready async functions awaited, 5 nested";
pub const FAILURE: &str = "failure through an await, as a value";
pub const CHAIN: &str = "chain of 3 `then`, ready";
pub const WHEN_ALL: &str = "`when_all!` of 3 ready futures";
const WHEN_ALL_OF_MANY: &str = "`when_all` of an array of 3 ready futures";
pub const PARALLEL_READY: &str = "`parallel_for_each` over 100, ready, for each element";

const OPERATIONS: f64 = 10_000_000.0;
const ELEMENTS: u64 = 100;

pub async fn measure(scale: f64) {
    let operations = (OPERATIONS * scale) as u64;
    meter::cpu(READY, operations, async |count| {
        for number in 0..count {
            black_box(add_one(black_box(number)).await);
        }
    })
    .await;
    meter::cpu(NESTED, operations, async |count| {
        for number in 0..count {
            black_box(five_deep(black_box(number)).await);
        }
    })
    .await;
    meter::cpu(FAILURE, operations, async |count| {
        for number in 0..count {
            _ = black_box(passes_on(black_box(number)).await);
        }
    })
    .await;
    meter::cpu(CHAIN, operations, async |count| {
        for number in 0..count {
            let chain = succeed(black_box(number)).then(succeed).then(succeed).then(succeed);
            _ = black_box(chain.await);
        }
    })
    .await;
    meter::cpu(WHEN_ALL, operations, async |count| {
        for number in 0..count {
            let number = black_box(number);
            _ = black_box(seastar::when_all!(add_one(number), add_one(number + 1), add_one(number + 2)));
        }
    })
    .await;
    meter::cpu(WHEN_ALL_OF_MANY, operations / 4, async |count| {
        for number in 0..count {
            let futures = [number, number + 1, number + 2].map(|number| add_one(black_box(number)));
            when_all(futures).await.for_each(|output| _ = black_box(output));
        }
    })
    .await;
    meter::cpu(PARALLEL_READY, operations, async |count| {
        for _ in 0..count / ELEMENTS {
            parallel_for_each(0..ELEMENTS, async |element| _ = black_box(element)).await;
        }
    })
    .await;
}

async fn add_one(number: u64) -> u64 {
    black_box(number) + 1
}

async fn five_deep(number: u64) -> u64 {
    four_deep(number).await + 1
}

async fn four_deep(number: u64) -> u64 {
    three_deep(number).await + 1
}

async fn three_deep(number: u64) -> u64 {
    two_deep(number).await + 1
}

async fn two_deep(number: u64) -> u64 {
    add_one(number).await + 1
}

#[derive(Debug)]
struct Failure;

async fn fails(number: u64) -> Result<u64, Failure> {
    if black_box(true) { Err(Failure) } else { Ok(number) }
}

async fn passes_on(number: u64) -> Result<u64, Failure> {
    Ok(fails(number).await? + 1)
}

async fn succeed(number: u64) -> Result<u64, Failure> {
    Ok(black_box(number) + 1)
}
