//! A TLS server on CPU 0, blocking clients of rustls on CPU 1.

mod client;

use crate::affinity::{self, LOAD_CPU};
use crate::child::ServerProcess;
use crate::cli::Options;
use crate::order;
use crate::report::Results;
use crate::servers::tls::SERVERS;
use client::Client;
use std::io;
use std::time::{Duration, Instant};

const PART: &str = "tls";
const HANDSHAKES: &str = "full TLS 1.3 handshakes";
const BULK: &str = "bulk, 64 KiB writes";
/// Clients that shake hands at the same time.
const CLIENTS: usize = 8;
/// What a client asks for at once.
const BULK_BYTES: usize = 4 << 20;

/// Compares all servers.
pub fn run(options: &Options, results: &mut Results) -> io::Result<()> {
    affinity::pin(LOAD_CPU)?;
    let client = Client::new()?;
    let servers: Vec<&str> =
        SERVERS.iter().map(|server| server.name).filter(|name| options.wants(name)).collect();
    for round in 0..options.rounds {
        results.progress(PART, round, options.rounds);
        for name in order::shuffled(&servers, round) {
            measure(name, &client, options, results)?;
        }
    }
    Ok(())
}

fn measure(name: &str, client: &Client, options: &Options, results: &mut Results) -> io::Result<()> {
    let server = ServerProcess::start(&format!("{PART}-{name}"), 0)?;
    shake_hands(client, server.port, options.phase / 5)?;
    let (start, cpu) = (Instant::now(), server.clock.nanoseconds()?);
    let count = shake_hands(client, server.port, options.phase)? as f64;
    let (wall, cpu) = (start.elapsed(), server.clock.nanoseconds()? - cpu);
    results.add(PART, HANDSHAKES, "CPU us/handshake", name, cpu as f64 / 1000.0 / count);
    results.add(PART, HANDSHAKES, "handshakes/s", name, count / wall.as_secs_f64());

    let mut stream = client.connect(server.port)?;
    stream.ask(BULK_BYTES)?;
    let (start, cpu) = (Instant::now(), server.clock.nanoseconds()?);
    let mut bytes = 0;
    while start.elapsed() < options.phase {
        stream.ask(BULK_BYTES)?;
        bytes += BULK_BYTES;
    }
    let (wall, cpu) = (start.elapsed(), server.clock.nanoseconds()? - cpu);
    let mebibytes = bytes as f64 / f64::from(1 << 20);
    results.add(PART, BULK, "CPU us/MiB", name, cpu as f64 / 1000.0 / mebibytes);
    results.add(PART, BULK, "MiB/s", name, mebibytes / wall.as_secs_f64());
    stream.close()?;
    server.stop()
}

/// Connects again and again, and returns how often.
fn shake_hands(client: &Client, port: u16, length: Duration) -> io::Result<usize> {
    let start = Instant::now();
    let one = || -> io::Result<usize> {
        let mut count = 0;
        while start.elapsed() < length {
            let mut stream = client.connect(port)?;
            stream.ask(1)?;
            stream.close()?;
            count += 1;
        }
        Ok(count)
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(one)).collect();
        let counts = clients.into_iter().map(|client| client.join().expect("a client does not panic"));
        counts.sum()
    })
}
