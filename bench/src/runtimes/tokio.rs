//! tokio's runtime for one thread.

use super::Runtime;
use crate::parts::shards::{Calls, Idle, on_two_threads};
use std::sync::mpsc;
use std::time::Duration;
use tokio::runtime::{Builder, Handle, LocalOptions};

pub struct Tokio;

impl Runtime for Tokio {
    type Handle = tokio::task::JoinHandle<()>;
    const HEARS_WHILE_BUSY: bool = true;
    const BEARS_A_MILLION_FIBERS: bool = true;

    fn run(main: impl Future<Output = ()> + 'static) {
        let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
        // Out of its budget, a timer that is polled would give way instead of doing what is measured.
        let main = tokio::task::unconstrained(main);
        let end = runtime.expect("tokio starts").block_on(async { tokio::task::spawn_local(main).await });
        end.expect("the fiber does not panic");
    }

    fn spawn(fiber: impl Future<Output = ()> + 'static) -> Self::Handle {
        tokio::task::spawn_local(fiber)
    }

    fn yield_now() -> impl Future<Output = ()> {
        tokio::task::yield_now()
    }

    fn sleep(duration: Duration) -> impl Future + 'static {
        tokio::time::sleep(duration)
    }
}

/// Calls by spawning on the other runtime.
pub struct SpawnOnHandle;

impl Calls for SpawnOnHandle {
    type Remote = Handle;
    const CAN_POLL: bool = true;

    fn run(idle: Idle, main: impl AsyncFnOnce(Handle) + 'static) {
        let (send, receive) = mpsc::channel();
        let there = async move || {
            send.send(Handle::current()).expect("the caller waits");
            std::future::pending().await
        };
        on_two_threads::<Tokio>(idle, there, async move {
            main(receive.recv().expect("the callee starts")).await
        });
    }

    fn spawn(fiber: impl Future<Output = ()> + 'static) -> impl Future + 'static {
        Tokio::spawn(fiber)
    }

    async fn call(remote: &Handle, value: u64) -> u64 {
        remote.spawn(async move { value + 1 }).await.expect("the callee runs")
    }
}
