//! What 10,000 connections cost while nothing happens on them, in memory of the server's process.

use crate::affinity::{self, LOAD_CPU};
use crate::buffers::BUFFER_BYTES;
use crate::child::ServerProcess;
use crate::cli::Options;
use crate::load::{Load, Until};
use crate::memory::anonymous_bytes;
use crate::order;
use crate::report::Results;
use crate::servers::SERVERS;
use std::io;

const CONNECTIONS: usize = 10_000;
/// Connections and requests before memory is looked at for the first time, so that what is there once does not count.
const CONNECTIONS_BEFORE: usize = 100;
const REQUESTS_BEFORE: u64 = 50_000;
const MESSAGE_BYTES: usize = 64;
/// Memory hardly differs between rounds.
const ROUNDS_MAX: usize = 3;
/// The sizes of the buffer that a connection owns, where it owns one.
const CASES: [(&str, usize); 2] =
    [("10,000 idle connections, 64 B buffers", 64), ("10,000 idle connections, 8 KiB buffers", BUFFER_BYTES)];

/// Compares all servers.
pub fn run(options: &Options, results: &mut Results) -> io::Result<()> {
    affinity::pin(LOAD_CPU)?;
    let servers: Vec<&str> =
        SERVERS.iter().map(|server| server.name).filter(|name| options.wants(name)).collect();
    let rounds = options.rounds.min(ROUNDS_MAX);
    for round in 0..rounds {
        results.progress("idle", round, rounds);
        for name in order::shuffled(&servers, round) {
            for (case, buffer_bytes) in CASES {
                if let Err(error) = measure(name, case, buffer_bytes, results) {
                    results.note(format!("idle: {name}: {error}"));
                }
            }
        }
    }
    Ok(())
}

fn measure(name: &str, case: &str, buffer_bytes: usize, results: &mut Results) -> io::Result<()> {
    let server = ServerProcess::start(name, buffer_bytes)?;
    let mut first = Load::connect(server.port, CONNECTIONS_BEFORE, MESSAGE_BYTES)?;
    first.run(Until::Requests(REQUESTS_BEFORE))?;
    let before = anonymous_bytes(server.id())?;
    let mut load = Load::connect(server.port, CONNECTIONS, MESSAGE_BYTES)?;
    let after = anonymous_bytes(server.id())?;
    results.add("idle", case, "bytes/connection", name, (after as f64 - before as f64) / CONNECTIONS as f64);
    let all_at_once = load.run(Until::Requests(CONNECTIONS as u64));
    all_at_once
        .map(drop)
        .map_err(|error| io::Error::new(error.kind(), format!("all connections at once: {error}")))
}
