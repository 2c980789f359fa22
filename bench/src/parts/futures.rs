//! Continuations, loops and many fibers: the operations that C++ Seastar was measured with.

mod fibers;
mod later;
mod ready;

use crate::runtimes::{Runtime, Seastar};

pub use fibers::{BYTES, FIBER, WAITING, YIELD, YIELD_MANY};
pub use later::{AWAIT_LATER, PARALLEL_LATER, THEN_LATER};
pub use ready::{CHAIN, FAILURE, NESTED, PARALLEL_READY, READY, WHEN_ALL};

/// Measures what only we have, and then what every runtime has.
pub async fn measure_ours(scale: f64) {
    ready::measure(scale).await;
    later::measure(scale).await;
    fibers::measure_ours(scale).await;
    measure::<Seastar>(scale).await;
}

/// Measures what every runtime has. Does not return, because a million fibers are not worth the time to end them.
pub async fn measure<R: Runtime>(scale: f64) {
    fibers::measure::<R>(scale).await;
    std::process::exit(0);
}
