//! An HTTP server by hyper on CPU 0, wrk on CPU 1.

mod wrk;

use crate::affinity::{self, LOAD_CPU};
use crate::child::ServerProcess;
use crate::cli::Options;
use crate::order;
use crate::report::Results;
use crate::servers::http::{BODY, SERVERS};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

const PART: &str = "http";
const CASES: [(&str, usize); 3] = [("1 connection", 1), ("50 connections", 50), ("500 connections", 500)];
/// The one whose requests per second the others' are divided by.
const PEER: &str = "tokio";
/// How long the first answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Compares all servers, if wrk is there.
pub fn run(options: &Options, results: &mut Results) -> io::Result<()> {
    if !wrk::is_there() {
        results.note(format!("{PART} is left out: wrk is not installed; `apt-get install wrk` does it"));
        return Ok(());
    }
    affinity::pin(LOAD_CPU)?;
    let servers: Vec<&str> =
        SERVERS.iter().map(|server| server.name).filter(|name| options.wants(name)).collect();
    for round in 0..options.rounds {
        results.progress(PART, round, options.rounds);
        let mut rates = Vec::new();
        for name in order::shuffled(&servers, round) {
            rates.push((name, measure(name, options, results)?));
        }
        let Some((_, of_peer)) = rates.iter().find(|(name, _)| *name == PEER).cloned() else { continue };
        for (name, rates) in rates {
            for ((case, _), (rate, of_peer)) in CASES.iter().zip(rates.iter().zip(&of_peer)) {
                results.add(PART, case, &format!("requests/s / {PEER}"), name, rate / of_peer);
            }
        }
    }
    Ok(())
}

/// Requests per second of each case.
fn measure(name: &str, options: &Options, results: &mut Results) -> io::Result<Vec<f64>> {
    let server = ServerProcess::start(&format!("{PART}-{name}"), 0)?;
    check(server.port)?;
    wrk::run(server.port, 50, Duration::from_secs(1))?;
    let mut rates = Vec::new();
    for (case, connections) in CASES {
        let cpu = server.clock.nanoseconds()?;
        let outcome = wrk::run(server.port, connections, options.phase)?;
        let cpu = server.clock.nanoseconds()? - cpu;
        let mut add = |metric, value| results.add(PART, case, metric, name, value);
        add("CPU us/request", cpu as f64 / 1000.0 / outcome.requests);
        add("requests/s", outcome.requests_per_second);
        add("p99 us", outcome.p99_us);
        rates.push(outcome.requests_per_second);
    }
    server.stop()?;
    Ok(rates)
}

/// wrk looks at the status only.
fn check(port: u16) -> io::Result<()> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(&format!("\r\n\r\n{BODY}")) {
        true => Ok(()),
        false => Err(io::Error::new(io::ErrorKind::InvalidData, format!("not what was asked for: {answer}"))),
    }
}
