//! What the measured parts need of a runtime, so that each of them is written once, and who offers it.

mod compio;
mod glommio;
mod kimojio;
mod monoio;
mod seastar;
mod tokio;

pub use self::compio::Compio;
pub use self::glommio::Glommio;
pub use self::kimojio::Kimojio;
pub use self::monoio::Monoio;
pub use self::seastar::{Seastar, SubmitTo};
pub use self::tokio::{SpawnOnHandle, Tokio};

use std::time::Duration;

/// A runtime that runs fibers on the thread that it was started on.
pub trait Runtime: 'static {
    /// Is done when the fiber is.
    type Handle: Future + 'static;
    /// Whether a wake-up from another thread arrives soon while a fiber keeps this thread busy.
    const HEARS_WHILE_BUSY: bool;
    /// Whether a million fibers can live at the same time.
    const BEARS_A_MILLION_FIBERS: bool;

    /// Runs `main` on the calling thread until it is done, where the runtime runs it best: for tokio that is a fiber, for
    /// compio it is not.
    fn run(main: impl Future<Output = ()> + 'static);
    /// Starts a fiber.
    fn spawn(fiber: impl Future<Output = ()> + 'static) -> Self::Handle;
    /// Lets others run, in the way that the runtime offers; by waking oneself where it offers none.
    fn yield_now() -> impl Future<Output = ()>;
    /// Waits.
    fn sleep(duration: Duration) -> impl Future + 'static;
}

/// Wakes the fiber and gives way once.
pub async fn wake_myself() {
    let mut woken = false;
    std::future::poll_fn(|context| {
        if woken {
            return std::task::Poll::Ready(());
        }
        woken = true;
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}
