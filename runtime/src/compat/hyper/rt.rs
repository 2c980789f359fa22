//! What hyper asks a runtime for, beside streams.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::time::{Duration, Instant};

use ::hyper::rt;

use crate::compat::OnShard;
use crate::task;
use crate::time::{self, Sleep};

/// Runs what hyper has to run beside a connection, such as the requests of HTTP/2, in fibers of this shard.
///
/// Without memory for one more fiber its future is dropped, which hyper tells the peer, and that is logged.
///
/// ```
/// use hyper::rt::Executor as _;
/// use seastar::compat::hyper::Executor;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     Executor::new().execute(async { println!("in a fiber of its own") });
///     seastar::yield_now().await;
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Executor {
    made_at: &'static Location<'static>,
}

impl Executor {
    /// An executor; failures of its fibers are reported with the place of this call.
    #[track_caller]
    pub fn new() -> Executor {
        Executor { made_at: Location::caller() }
    }
}

impl Default for Executor {
    #[track_caller]
    fn default() -> Executor {
        Executor::new()
    }
}

impl<F: Future + 'static> rt::Executor<F> for Executor {
    fn execute(&self, future: F) {
        let fiber = async move { drop(future.await) };
        if let Err(busy) = task::spawn_detached(fiber, self.made_at) {
            say!(Warn, "a part of an HTTP connection dropped: {busy}");
        }
    }
}

/// hyper's time limits, by the timers of the shard.
///
/// ```
/// use hyper::rt::Timer as _;
/// use seastar::compat::hyper::Timer;
/// use std::time::Duration;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let mut sleep = Timer.sleep(Duration::from_millis(1));
///     Timer.reset(&mut sleep, std::time::Instant::now());
///     sleep.await;
/// }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Timer;

impl rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(OnShard::new(time::sleep(duration)))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(OnShard::new(time::sleep_until(deadline)))
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn rt::Sleep>>, deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<OnShard<Sleep>>() {
            Some(sleep) => sleep.get_mut().get_pin_mut().set(time::sleep_until(deadline)),
            None => *sleep = rt::Timer::sleep_until(self, deadline),
        }
    }
}

impl rt::Sleep for OnShard<Sleep> {}
