//! Figures that are not measured here: our goals, and what C++ Seastar took elsewhere.
//!
//! C++ Seastar was measured once (master 525fcc86, release build, one shard) on another machine (AMD EPYC, 2 CPUs), in
//! another run: a rule of thumb, unlike all other rows.

use crate::parts::{futures, sync};
use crate::report::Results;

/// The row of our goals.
const GOAL: &str = "(our goal)";
/// The row of figures that others had elsewhere.
const ELSEWHERE: &str = "(C++ Seastar, elsewhere)";

struct Quote {
    case: &'static str,
    metric: &'static str,
    goal: f64,
    /// Infinite where the goal is not from there.
    elsewhere: f64,
}

const fn cpu(case: &'static str, goal: f64, elsewhere: f64) -> Quote {
    Quote { case, metric: "CPU ns", goal, elsewhere }
}

const UNKNOWN: f64 = f64::INFINITY;

const SYNC: &[Quote] = &[
    cpu(sync::SEMAPHORE, 3.0, UNKNOWN),
    cpu(sync::HAND_OVER, 25.0, 116.0),
    cpu(sync::MUTEX, 3.0, UNKNOWN),
    cpu(sync::CHANNEL, 5.0, 21.0),
    cpu(sync::CHANNEL_BETWEEN, 15.0, UNKNOWN),
    cpu(sync::GATE, 1.5, UNKNOWN),
];

const FUTURES: &[Quote] = &[
    cpu(futures::READY, 1.0, 13.0),
    cpu(futures::NESTED, 3.0, 84.0),
    cpu(futures::FAILURE, 15.0, 38.0),
    cpu(futures::CHAIN, 6.0, 72.0),
    cpu(futures::WHEN_ALL, 6.0, 72.0),
    cpu(futures::PARALLEL_READY, 2.0, 2.2),
    cpu(futures::AWAIT_LATER, 15.0, 44.0),
    cpu(futures::THEN_LATER, 15.0, 38.0),
    cpu(futures::PARALLEL_LATER, 15.0, 27.0),
    cpu(futures::FIBER, 25.0, 76.0),
    cpu(futures::YIELD, 8.0, 42.0),
    cpu(futures::YIELD_MANY, 8.0, 40.0),
    cpu(futures::WAITING, 60.0, 609.0),
    Quote { case: futures::WAITING, metric: futures::BYTES, goal: 192.0, elsewhere: 370.0 },
];

/// Adds the quoted figures of `part` as rows of one round.
pub fn add(part: &str, results: &mut Results) {
    let quotes = match part {
        "sync" => SYNC,
        "futures" => FUTURES,
        _ => &[],
    };
    for &Quote { case, metric, goal, elsewhere } in quotes {
        results.add(part, case, metric, GOAL, goal);
        if elsewhere.is_finite() {
            results.add(part, case, metric, ELSEWHERE, elsewhere);
        }
    }
}
