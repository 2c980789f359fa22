//! An echo server on CPU 0, the load generator on CPU 1.

use crate::affinity::{self, LOAD_CPU};
use crate::buffers::BUFFER_BYTES;
use crate::child::ServerProcess;
use crate::cli::Options;
use crate::clock::CpuClock;
use crate::load::{Load, Until};
use crate::report::Results;
use crate::servers::{FLOOR, SERVERS, floor};
use crate::syscalls::SyscallCounter;
use crate::{instructions, order};
use std::io;
use std::time::Duration;

/// How a server is loaded.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    connections: usize,
    message_bytes: usize,
}

const CASES: [Case; 6] = [
    Case { name: "1 connection x 64 B", connections: 1, message_bytes: 64 },
    Case { name: "50 connections x 64 B", connections: 50, message_bytes: 64 },
    Case { name: "500 connections x 64 B", connections: 500, message_bytes: 64 },
    Case { name: "1 connection x 4 KiB", connections: 1, message_bytes: 4096 },
    Case { name: "50 connections x 4 KiB", connections: 50, message_bytes: 4096 },
    Case { name: "500 connections x 4 KiB", connections: 500, message_bytes: 4096 },
];
/// The case whose instructions are counted, and that the floor's variants run.
const TYPICAL: Case = CASES[1];

/// Compares all servers.
pub fn run(options: &Options, results: &mut Results) -> io::Result<()> {
    let servers: Vec<&str> =
        SERVERS.iter().map(|server| server.name).filter(|name| options.wants(name)).collect();
    let servers = compare("echo", servers, &CASES, options, results)?;
    count_instructions("echo", &servers, results);
    Ok(())
}

/// Compares the floor with what it would be without one thing.
pub fn run_floor(options: &Options, results: &mut Results) -> io::Result<()> {
    let servers = [FLOOR].into_iter().chain(floor::VARIANTS.iter().map(|variant| variant.name));
    compare("floor", servers.collect(), &[TYPICAL], options, results).map(drop)
}

/// Returns those that could be measured.
fn compare(
    part: &str,
    mut servers: Vec<&'static str>,
    cases: &[Case],
    options: &Options,
    results: &mut Results,
) -> io::Result<Vec<&'static str>> {
    affinity::pin(LOAD_CPU)?;
    for round in 0..options.rounds {
        results.progress(part, round, options.rounds);
        for name in order::shuffled(&servers, round) {
            if let Err(error) = measure(part, name, cases, options, results) {
                results.note(format!("{part}: {name}: {error}; it is left out from here on"));
                servers.retain(|other| *other != name);
            }
        }
    }
    count_syscalls(part, &servers, cases, options, results);
    Ok(servers)
}

fn measure(
    part: &str,
    name: &str,
    cases: &[Case],
    options: &Options,
    results: &mut Results,
) -> io::Result<()> {
    let server = ServerProcess::start(name, BUFFER_BYTES)?;
    for case in cases {
        let mut load = Load::connect(server.port, case.connections, case.message_bytes)?;
        load.run(Until::Elapsed(options.phase / 5))?;
        let (cpu, own_cpu) = (server.clock.nanoseconds()?, CpuClock::OWN.nanoseconds()?);
        let outcome = load.run(Until::Elapsed(options.phase))?;
        let (cpu, own_cpu) = (server.clock.nanoseconds()? - cpu, CpuClock::OWN.nanoseconds()? - own_cpu);
        let mut add = |metric, value| results.add(part, case.name, metric, name, value);
        add("CPU us/request", cpu as f64 / 1000.0 / outcome.requests as f64);
        add("requests/s", outcome.requests_per_second());
        add("p50 us", outcome.latency.percentile(0.5) as f64 / 1000.0);
        add("p99 us", outcome.latency.percentile(0.99) as f64 / 1000.0);
        add("load CPU %", own_cpu as f64 * 100.0 / outcome.wall.as_nanos() as f64);
    }
    server.stop()
}

/// One short pass for each case, apart from those that are timed.
fn count_syscalls(part: &str, servers: &[&str], cases: &[Case], options: &Options, results: &mut Results) {
    let count = |name: &str, case: &Case| -> io::Result<f64> {
        let server = ServerProcess::start(name, BUFFER_BYTES)?;
        let mut load = Load::connect(server.port, case.connections, case.message_bytes)?;
        load.run(Until::Elapsed(options.phase / 5))?;
        let mut counter = SyscallCounter::of(server.id())?;
        let before = counter.count()?;
        let outcome = load.run(Until::Elapsed(options.phase.min(Duration::from_millis(300))))?;
        Ok((counter.count()? - before) as f64 / outcome.requests as f64)
    };
    for case in cases {
        for name in servers {
            match count(name, case) {
                Ok(calls) => results.add(part, case.name, "syscalls", name, calls),
                Err(error) => return results.note(format!("{part}: system calls are not counted: {error}")),
            }
        }
    }
}

fn count_instructions(part: &str, servers: &[&str], results: &mut Results) {
    if !instructions::are_countable() {
        return results
            .note(format!("{part}: user-space instructions are not counted: valgrind is not installed"));
    }
    for name in servers {
        results.working(&format!("{part}: {name} under callgrind"));
        match instructions::per_request(name, TYPICAL.connections, TYPICAL.message_bytes) {
            Ok(count) => results.add(part, TYPICAL.name, "instructions", name, count),
            Err(error) => results.note(format!("{part}: instructions of {name} are not counted: {error}")),
        }
    }
}
