//! glommio.

use super::Runtime;
use glommio::{LocalExecutorBuilder, Placement, Task};
use std::time::Duration;

pub struct Glommio;

impl Runtime for Glommio {
    type Handle = Task<()>;
    const HEARS_WHILE_BUSY: bool = false;
    const BEARS_A_MILLION_FIBERS: bool = true;

    fn run(main: impl Future<Output = ()> + 'static) {
        LocalExecutorBuilder::new(Placement::Unbound).make().expect("glommio starts").run(main);
    }

    fn spawn(fiber: impl Future<Output = ()> + 'static) -> Self::Handle {
        glommio::spawn_local(fiber)
    }

    async fn yield_now() {
        glommio::executor().yield_now().await;
    }

    fn sleep(duration: Duration) -> impl Future + 'static {
        glommio::timer::sleep(duration)
    }
}
