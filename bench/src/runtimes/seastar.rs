//! Seastar for Rust.

use super::Runtime;
use crate::affinity::{LOAD_CPU, SERVER_CPU};
use crate::parts::shards::{Calls, Idle};
use std::time::Duration;

pub struct Seastar;

impl Runtime for Seastar {
    type Handle = seastar::JoinHandle<()>;
    const HEARS_WHILE_BUSY: bool = true;
    const BEARS_A_MILLION_FIBERS: bool = true;

    fn run(main: impl Future<Output = ()> + 'static) {
        let options = seastar::Options::new().shards(1).cpuset(SERVER_CPU.to_string());
        seastar::run(options, async move || main.await).expect("seastar starts");
    }

    fn spawn(fiber: impl Future<Output = ()> + 'static) -> Self::Handle {
        seastar::spawn(fiber)
    }

    fn yield_now() -> impl Future<Output = ()> {
        seastar::yield_now()
    }

    fn sleep(duration: Duration) -> impl Future + 'static {
        seastar::sleep(duration)
    }
}

/// Calls by `submit_to`.
pub struct SubmitTo;

impl Calls for SubmitTo {
    type Remote = usize;
    const CAN_POLL: bool = true;

    fn run(idle: Idle, main: impl AsyncFnOnce(usize) + 'static) {
        let options = seastar::Options::new().shards(2).cpuset(format!("{SERVER_CPU},{LOAD_CPU}"));
        let options = match idle {
            Idle::Polls => options.poll_mode(true),
            Idle::AsByDefault => options,
            Idle::Sleeps => options.idle_poll_time_us(0),
        };
        seastar::run(options, async move || main(1).await).expect("seastar starts");
    }

    fn spawn(fiber: impl Future<Output = ()> + 'static) -> impl Future + 'static {
        seastar::spawn(fiber)
    }

    fn call(shard: &usize, value: u64) -> impl Future<Output = u64> {
        seastar::submit_to(*shard, async move || value + 1)
    }
}
