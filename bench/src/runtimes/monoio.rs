//! monoio with its io_uring driver and its timer.

use super::{Runtime, wake_myself};
use monoio::{IoUringDriver, RuntimeBuilder};
use std::time::Duration;

pub struct Monoio;

impl Runtime for Monoio {
    type Handle = monoio::task::JoinHandle<()>;
    const HEARS_WHILE_BUSY: bool = false;
    const BEARS_A_MILLION_FIBERS: bool = true;

    fn run(main: impl Future<Output = ()> + 'static) {
        RuntimeBuilder::<IoUringDriver>::new().enable_timer().build().expect("monoio starts").block_on(main);
    }

    fn spawn(fiber: impl Future<Output = ()> + 'static) -> Self::Handle {
        monoio::spawn(fiber)
    }

    fn yield_now() -> impl Future<Output = ()> {
        wake_myself()
    }

    fn sleep(duration: Duration) -> impl Future + 'static {
        monoio::time::sleep(duration)
    }
}
