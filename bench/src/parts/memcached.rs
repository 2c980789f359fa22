//! Our memcached, the stock one and Redis on CPU 0, the load generator on CPU 1.

mod dataset;
mod servers;
mod wire;

use crate::affinity::{self, LOAD_CPU};
use crate::cli::Options;
use crate::clock::CpuClock;
use crate::load::{Load, Until};
use crate::memory::anonymous_bytes;
use crate::order;
use crate::report::Results;
use dataset::{Dataset, Mix};
pub use servers::NAMES;
use servers::{Kind, Process};
use std::io;

const PART: &str = "memcached";
/// The budget of each server: more than is ever stored, so that nothing is given up.
const SERVER_MEBIBYTES: usize = 1024;
/// For the figure of the memory that an item takes: enough that what is there once does not matter.
const ITEMS_FOR_MEMORY: usize = 500_000;
const CASE_OF_MEMORY: &str = "500,000 items x 32 B";

/// How a server is loaded.
struct Case {
    name: &'static str,
    value_bytes: usize,
    mix: Mix,
    /// Requests that are sent at once, and answered before more are.
    depth: usize,
}

const CONNECTIONS: usize = 50;
const CASES: [Case; 8] = [
    Case { name: "get, 50 connections x 32 B", value_bytes: 32, mix: Mix::Get, depth: 1 },
    Case {
        name: "90 % get 10 % set, 50 connections x 32 B",
        value_bytes: 32,
        mix: Mix::NineGetsOneSet,
        depth: 1,
    },
    Case { name: "get, 50 connections x 32 B, 16 in a pipeline", value_bytes: 32, mix: Mix::Get, depth: 16 },
    Case {
        name: "90 % get 10 % set, 50 connections x 32 B, 16 in a pipeline",
        value_bytes: 32,
        mix: Mix::NineGetsOneSet,
        depth: 16,
    },
    Case { name: "get of 100 keys, 50 connections x 32 B", value_bytes: 32, mix: Mix::GetMany, depth: 1 },
    Case { name: "get, 50 connections x 1 KiB", value_bytes: 1024, mix: Mix::Get, depth: 1 },
    Case { name: "get, 50 connections x 4 KiB", value_bytes: 4096, mix: Mix::Get, depth: 1 },
    Case {
        name: "90 % get 10 % set, 50 connections x 4 KiB",
        value_bytes: 4096,
        mix: Mix::NineGetsOneSet,
        depth: 1,
    },
];

/// Compares all servers that are installed.
pub fn run(options: &Options, results: &mut Results) -> io::Result<()> {
    affinity::pin(LOAD_CPU)?;
    let mut kinds: Vec<Kind> = Vec::new();
    for name in NAMES.into_iter().filter(|name| options.wants(name)) {
        match servers::find(name, options) {
            Ok(Some(kind)) => kinds.push(kind),
            Ok(None) => {}
            Err(error) => results.note(format!("{PART}: {name} is left out: {error}")),
        }
    }
    kinds.iter().for_each(|kind| results.note(format!("{PART}: {} is {}", kind.name, kind.version)));
    for round in 0..options.rounds {
        results.progress(PART, round, options.rounds);
        for index in order::shuffled(&(0..kinds.len()).collect::<Vec<_>>(), round) {
            let kind = &kinds[index];
            if let Err(error) = measure(kind, options, results) {
                results.note(format!("{PART}: {}: {error}", kind.name));
            }
        }
    }
    for kind in &kinds {
        if let Err(error) = measure_memory(kind, results) {
            results.note(format!("{PART}: memory of {}: {error}", kind.name));
        }
    }
    Ok(())
}

fn measure(kind: &Kind, options: &Options, results: &mut Results) -> io::Result<()> {
    let mut process = None;
    let mut stored_bytes = 0;
    for case in &CASES {
        let dataset = Dataset::new(kind.protocol, case.value_bytes);
        // Servers start anew for each size of values, so that what one case leaves does not burden the next.
        if stored_bytes != case.value_bytes {
            drop(process.take());
            let started = Process::start(kind)?;
            dataset.store(started.port, dataset::KEYS)?;
            dataset.check(started.port)?;
            process = Some(started);
            stored_bytes = case.value_bytes;
        }
        let Some(process) = &process else { continue };
        let batches = dataset.batches(case.mix, case.depth);
        let mut load = Load::of_batches(process.port, CONNECTIONS, batches)?;
        load.run(Until::Elapsed(options.phase / 5))?;
        let (cpu, own_cpu) = (process.clock.nanoseconds()?, CpuClock::OWN.nanoseconds()?);
        let outcome = load.run(Until::Elapsed(options.phase))?;
        let (cpu, own_cpu) = (process.clock.nanoseconds()? - cpu, CpuClock::OWN.nanoseconds()? - own_cpu);
        let mut add = |metric, value| results.add(PART, case.name, metric, kind.name, value);
        add("CPU us/request", cpu as f64 / 1000.0 / outcome.requests as f64);
        add("requests/s", outcome.requests_per_second());
        add("p50 us", outcome.latency.percentile(0.5) as f64 / 1000.0);
        add("p99 us", outcome.latency.percentile(0.99) as f64 / 1000.0);
        add("load CPU %", own_cpu as f64 * 100.0 / outcome.wall.as_nanos() as f64);
    }
    Ok(())
}

fn measure_memory(kind: &Kind, results: &mut Results) -> io::Result<()> {
    let process = Process::start(kind)?;
    let dataset = Dataset::new(kind.protocol, 32);
    // Connections and buffers that are there once do not count.
    dataset.store(process.port, 100)?;
    let before = anonymous_bytes(process.id())?;
    dataset.store(process.port, ITEMS_FOR_MEMORY)?;
    let after = anonymous_bytes(process.id())?;
    let bytes = (after as f64 - before as f64) / ITEMS_FOR_MEMORY as f64;
    results.add(PART, CASE_OF_MEMORY, "bytes/item", kind.name, bytes);
    Ok(())
}
