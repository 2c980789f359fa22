//! compio with the set-up flags of the floor, which are off by default.

use super::{Runtime, wake_myself};
use compio::driver::ProactorBuilder;
use compio::runtime::RuntimeBuilder;
use std::time::Duration;

pub struct Compio;

impl Runtime for Compio {
    type Handle = compio::runtime::JoinHandle<()>;
    const HEARS_WHILE_BUSY: bool = true;
    const BEARS_A_MILLION_FIBERS: bool = true;

    fn run(main: impl Future<Output = ()> + 'static) {
        let mut driver = ProactorBuilder::new();
        driver.single_issuer(true).coop_taskrun(true).defer_taskrun(true).taskrun_flag(true);
        RuntimeBuilder::new().with_proactor(driver).build().expect("compio starts").block_on(main);
    }

    fn spawn(fiber: impl Future<Output = ()> + 'static) -> Self::Handle {
        compio::runtime::spawn(fiber)
    }

    fn yield_now() -> impl Future<Output = ()> {
        wake_myself()
    }

    fn sleep(duration: Duration) -> impl Future + 'static {
        compio::time::sleep(duration)
    }
}
