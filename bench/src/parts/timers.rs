//! Timers: created and cancelled, alone and among a million others, and how late they fire.

use crate::child::print_figure;
use crate::histogram::Histogram;
use crate::runtimes::Runtime;
use crate::{meter, order};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

const OPERATIONS: f64 = 500_000.0;
const LIVE: u64 = 1_000_000;
/// Fibers that hold the live timers; glommio bears 32,766 timers in one.
const HOLDERS: u64 = 100;
/// tokio stops polling timers for a fiber that goes on for longer than its budget.
const POLLS_BEFORE_YIELD: u64 = 64;
const SLEEP: Duration = Duration::from_micros(500);
const SLEEPS: f64 = 200.0;

/// Measures on the runtime that this runs on.
pub async fn measure<R: Runtime>(scale: f64) {
    let operations = (OPERATIONS * scale) as u64;
    measure_lateness::<R>((SLEEPS * scale).max(50.0) as u64).await;
    meter::cpu("create + cancel, no others", operations, create_and_cancel::<R>).await;
    let mut holders = Vec::new();
    for holder in 0..HOLDERS {
        holders.push(R::spawn(hold::<R>(holder, LIVE / HOLDERS)));
        for _ in 0..POLLS_BEFORE_YIELD {
            R::yield_now().await;
        }
    }
    R::sleep(Duration::from_millis(100)).await;
    meter::cpu("create + cancel, a million live", operations, create_and_cancel::<R>).await;
    // A million timers are not worth the time to cancel them.
    std::process::exit(0);
}

async fn create_and_cancel<R: Runtime>(count: u64) {
    let mut state = count;
    for _ in 0..count {
        let mut sleep = pin!(R::sleep(far_away(&mut state)));
        poll_once(sleep.as_mut()).await;
    }
}

/// Keeps `count` timers for ever.
async fn hold<R: Runtime>(seed: u64, count: u64) {
    let mut state = seed;
    let mut sleeps = Vec::with_capacity(count as usize);
    for index in 0..count {
        let mut sleep = Box::pin(R::sleep(far_away(&mut state)));
        poll_once(sleep.as_mut()).await;
        sleeps.push(sleep);
        if index % POLLS_BEFORE_YIELD == 0 {
            R::yield_now().await;
        }
    }
    std::future::pending().await
}

/// Between 1,000 and 2,000 seconds, to the microsecond.
fn far_away(state: &mut u64) -> Duration {
    Duration::from_micros(1_000_000_000 + order::next(state) % 1_000_000_000)
}

async fn poll_once(mut sleep: Pin<&mut impl Future>) {
    poll_fn(|context| {
        assert!(sleep.as_mut().poll(context).is_pending(), "the deadline is far away");
        Poll::Ready(())
    })
    .await;
}

async fn measure_lateness<R: Runtime>(count: u64) {
    let case = "sleep 500 us, alone";
    let mut late = Histogram::new();
    let cpu = meter::own_cpu();
    for _ in 0..count {
        let start = Instant::now();
        R::sleep(SLEEP).await;
        late.record(start.elapsed().saturating_sub(SLEEP).as_nanos() as u64);
    }
    print_figure(case, "late us p50", late.percentile(0.5) as f64 / 1000.0);
    print_figure(case, "late us p99", late.percentile(0.99) as f64 / 1000.0);
    print_figure(case, "CPU us", (meter::own_cpu() - cpu) as f64 / count as f64 / 1000.0);
}
