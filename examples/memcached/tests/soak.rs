//! A mixed load for as long as you like, with clients that behave and clients that do not:
//!
//!     SOAK_SECONDS=1800 cargo test --release -p memcached --test soak -- --nocapture
//!
//! Those that behave must never see an error, nor a value other than the one they wrote last. The others die in the middle of
//! requests, come in crowds, send garbage and far too much, and never read. Memory must not grow meanwhile.

// No shard runs this.
#![allow(clippy::disallowed_methods)]

mod support;

use std::fs;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use support::server::{Client, Server};
use support::soak::{behaving, misbehaving};

const SECONDS_DEFAULT: u64 = 10;
/// Less than what the clients write, so that items are given up.
const BUDGET_BYTES: u64 = 40 << 20;
/// Requests of those that behave, whatever time they take.
const REQUESTS_MIN: u64 = 400;
/// What the whole program may take beyond the budget of its shards: code, stacks, rings, and 16 MiB a shard of values that
/// are not complete.
const OVERHEAD_BYTES: u64 = 96 << 20;
/// What may come on top of what was taken after a third of the time.
const GROWTH_BYTES_MAX: u64 = 24 << 20;

#[test]
fn clients_that_behave_are_served_among_those_that_do_not() {
    let seconds =
        std::env::var("SOAK_SECONDS").ok().map(|text| text.parse().expect("SOAK_SECONDS is a number"));
    let time = Duration::from_secs(seconds.unwrap_or(SECONDS_DEFAULT));
    let server = Server::start_with(
        &[],
        &["--port", "0", "--conn-limit", "4096", "-c2", "-m40M", "--overprovisioned"],
    );
    let (port, ended, requests) = (server.port, AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        // Each ends the others when it ends, also by a failure.
        for number in 0..4 {
            let (ended, requests) = (&ended, &requests);
            scope.spawn(move || {
                let _stop = ending(ended);
                behaving::run(port, number, ended, requests);
            });
        }
        for (number, mischief) in misbehaving::ALL.iter().enumerate() {
            let ended = &ended;
            scope.spawn(move || {
                let _stop = ending(ended);
                misbehaving::run(port, number as u64, *mischief, ended);
            });
        }
        let _stop = ending(&ended);
        watch_memory(server.pid(), time, &ended, &requests);
    });
    let mut client = Client::new(TcpStream::connect(("127.0.0.1", port)).unwrap());
    client.ask("set after 0 0 2\r\nok\r\nget after\r\n", "STORED\r\nVALUE after 0 2\r\nok\r\nEND\r\n");
    let evictions: u64 = client.statistic("", "evictions").parse().unwrap();
    println!("{} requests, {evictions} evictions", requests.load(Ordering::Relaxed));
    drop(client);
    assert_eq!(server.stop(), Some(0), "the server ends in order");
}

/// Sets the flag when it is dropped.
fn ending(ended: &AtomicBool) -> impl Drop + '_ {
    struct Guard<'a>(&'a AtomicBool);
    impl Drop for Guard<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    Guard(ended)
}

/// Returns when the time is over, or something has ended the test.
fn watch_memory(pid: u32, time: Duration, ended: &AtomicBool, requests: &AtomicU64) {
    let (begun, mut early, mut printed) = (Instant::now(), 0, Instant::now());
    let is_over = || begun.elapsed() >= time && requests.load(Ordering::Relaxed) >= REQUESTS_MIN;
    while !is_over() && !ended.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(100));
        let bytes = resident_bytes(pid);
        assert!(
            bytes < BUDGET_BYTES + OVERHEAD_BYTES,
            "{bytes} bytes are in memory, for a budget of {BUDGET_BYTES}"
        );
        if begun.elapsed() < time / 3 {
            early = early.max(bytes);
        }
        if printed.elapsed() > Duration::from_secs(10) {
            printed = Instant::now();
            let seconds = begun.elapsed().as_secs();
            println!("{seconds} s: {} MiB, {} requests", bytes >> 20, requests.load(Ordering::Relaxed));
        }
    }
    let bytes = resident_bytes(pid);
    // Items fill the memory at their own pace in a short run; only a long one tells more than the limit above.
    if time >= Duration::from_secs(120) {
        assert!(bytes < early + GROWTH_BYTES_MAX, "memory grew from {early} to {bytes} bytes");
    }
    println!("memory: {} MiB after a third of the time, {} MiB at the end", early >> 20, bytes >> 20);
}

fn resident_bytes(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the server runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the server has memory");
    let kibibytes: u64 = line.split_whitespace().next().and_then(|text| text.parse().ok()).expect("a number");
    kibibytes * 1024
}
