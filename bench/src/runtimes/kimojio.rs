//! kimojio.

use super::Runtime;
use kimojio::operations;
use std::time::Duration;

pub struct Kimojio;

impl Runtime for Kimojio {
    type Handle = operations::TaskHandle<()>;
    const HEARS_WHILE_BUSY: bool = false;
    const BEARS_A_MILLION_FIBERS: bool = false;

    fn run(main: impl Future<Output = ()> + 'static) {
        kimojio::run(0, main).expect("nobody shuts kimojio down").expect("no fiber panics");
    }

    fn spawn(fiber: impl Future<Output = ()> + 'static) -> Self::Handle {
        operations::spawn_task(fiber)
    }

    async fn yield_now() {
        operations::yield_io().await;
    }

    fn sleep(duration: Duration) -> impl Future + 'static {
        operations::sleep(duration)
    }
}
