//! What a second shard is worth, and what of it is lost to calls between the two.

use crate::affinity::{LOAD_CPU, SERVER_CPU};
use crate::child::print_figure;
use seastar::{Service, Sharded, shard_count, spawn, this_shard};
use std::cell::Cell;
use std::hint::black_box;
use std::time::Instant;

const OPERATIONS: f64 = 400_000.0;
const FIBERS: u64 = 100;
/// Steps of a computation that takes about as long as a small request: half a microsecond.
const STEPS: u32 = 500;

/// Each shard's part of the work.
struct Worker {
    done: Cell<u64>,
}

impl Service for Worker {
    type Stopped = ();
}

impl Worker {
    async fn work(&self, seed: u64) -> u64 {
        self.done.set(self.done.get() + 1);
        (0..STEPS).fold(seed, |x, _| black_box(x ^ (x << 13)).rotate_left(7))
    }
}

/// Measures one shard, and two with more and more calls to the other.
pub fn measure(scale: f64) {
    let operations = (OPERATIONS * scale) as u64;
    run("one shard", 1, 0, operations);
    for (case, percent) in [
        ("two shards, no calls to the other", 0),
        ("two shards, 10 % of the work on the other", 10),
        ("two shards, 50 % of the work on the other", 50),
        ("two shards, all of the work on the other", 100),
    ] {
        run(case, 2, percent, operations);
    }
}

/// Has every shard ask for so many operations, a part of them from another one.
fn run(case: &'static str, shards: u32, percent: u64, operations: u64) {
    let options = seastar::Options::new().shards(shards).cpuset(format!("{SERVER_CPU},{LOAD_CPU}"));
    let options = if shards == 1 { options.cpuset(SERVER_CPU.to_string()) } else { options };
    let ran = seastar::run(options, async move || {
        let workers = Sharded::start(async |_| Worker { done: Cell::new(0) }).await;
        ask_on_all(workers, percent, operations / 10).await;
        let start = Instant::now();
        ask_on_all(workers, percent, operations).await;
        let all = operations * u64::from(shards);
        print_figure(case, "wall ns", start.elapsed().as_nanos() as f64 / all as f64);
    });
    ran.expect("seastar starts");
}

async fn ask_on_all(workers: Sharded<Worker>, percent: u64, operations: u64) {
    let asked = workers.invoke_on_all(async move |_: &Worker| {
        let fibers: Vec<_> = (0..FIBERS).map(|_| spawn(ask(workers, percent, operations / FIBERS))).collect();
        for fiber in fibers {
            fiber.await.expect("the fiber ends");
        }
    });
    asked.await.expect("the service runs");
}

async fn ask(workers: Sharded<Worker>, percent: u64, operations: u64) {
    let (own, other) = (this_shard(), (this_shard() + 1) % shard_count());
    for n in 0..operations {
        // Spread evenly: 7 and 100 have no divisor in common.
        let shard = if n * 7 % 100 < percent { other } else { own };
        let work = async move |worker: &Worker| worker.work(n).await;
        black_box(workers.invoke_on(shard, work).await.expect("the service runs"));
        seastar::maybe_yield().await;
    }
}
