//! The parts of the suite, one file each, and the processes that measure them.

pub mod compile;
pub mod echo;
pub mod futures;
pub mod http;
pub mod idle;
pub mod memcached;
pub mod scaling;
pub mod shards;
pub mod spawn;
pub mod sync;
pub mod timers;
pub mod tls;

use crate::affinity::{self, SERVER_CPU};
use crate::cli::Options;
use crate::libraries::LIBRARIES;
use crate::report::Results;
use crate::runtimes::{Compio, Glommio, Kimojio, Monoio, Runtime, Seastar, SpawnOnHandle, SubmitTo, Tokio};
use crate::servers::{self, SERVERS};
use crate::{child, order, quoted};
use shards::routed::Routed;
use std::io;

/// The runtimes that `spawn` and `futures` compare; ours first.
const RUNTIMES: [&str; 6] = ["seastar", "tokio", "monoio", "compio", "glommio", "kimojio"];
/// kimojio's timers are io_uring operations, of which a million are too many.
const RUNTIMES_WITH_TIMERS: [&str; 5] = ["seastar", "tokio", "monoio", "compio", "glommio"];
/// The ways to call another thread that `shards` compares; [`RAW`] is what the machine can do.
const CALLERS: [&str; 7] =
    ["seastar", "seastar-service", "tokio", "tokio-handle", "monoio", "compio", "glommio"];
const RAW: &str = "raw";

/// Whether some part measures something of that name.
pub fn is_candidate(name: &str) -> bool {
    name == RAW
        || CALLERS.contains(&name)
        || memcached::NAMES.contains(&name)
        || SERVERS.iter().chain(servers::http::SERVERS).any(|server| server.name == name)
        || LIBRARIES.iter().any(|library| library.name == name)
}

/// Measures the part `name` as often as `options` say.
pub fn run(name: &str, options: &Options, results: &mut Results) -> io::Result<()> {
    match name {
        "echo" => echo::run(options, results),
        "compile" => compile::run(options, results),
        "floor" => echo::run_floor(options, results),
        "http" => http::run(options, results),
        "tls" => tls::run(options, results),
        "idle" => idle::run(options, results),
        "memcached" => memcached::run(options, results),
        "spawn" | "futures" => run_children(name, &RUNTIMES, options, results),
        "sync" => {
            let libraries: Vec<&str> = LIBRARIES.iter().map(|library| library.name).collect();
            run_children(name, &libraries, options, results)
        }
        "timers" => run_children(name, &RUNTIMES_WITH_TIMERS, options, results),
        "shards" => {
            let with_raw: Vec<&str> = [RAW].into_iter().chain(CALLERS).collect();
            run_children(name, &with_raw, options, results)
        }
        "scaling" => run_children(name, &["seastar"], options, results),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, format!("there is no part `{name}`"))),
    }
}

/// One process for each runtime and round.
fn run_children(
    part: &str,
    runtimes: &[&'static str],
    options: &Options,
    results: &mut Results,
) -> io::Result<()> {
    let mut running: Vec<&str> = runtimes.iter().copied().filter(|name| options.wants(name)).collect();
    for round in 0..options.rounds {
        results.progress(part, round, options.rounds);
        for name in order::shuffled(&running, round) {
            match child::measure(part, name, options.scale) {
                Ok(figures) => {
                    figures.iter().for_each(|figure| {
                        results.add(part, &figure.case, &figure.metric, name, figure.value)
                    });
                }
                Err(error) => {
                    results.note(format!("{part}: {error}; it is left out from here on"));
                    running.retain(|other| *other != name);
                }
            }
        }
        quoted::add(part, results);
    }
    Ok(())
}

/// Measures one part of one runtime in this process and prints the figures.
pub fn measure(part: &str, runtime: &str, scale: f64) -> io::Result<()> {
    if !["shards", "scaling"].contains(&part) {
        affinity::pin(SERVER_CPU)?;
    }
    match (part, runtime) {
        ("sync", _) => sync::measure(runtime, scale)?,
        ("shards", RAW) => shards::raw::measure(scale),
        ("shards", "seastar") => shards::measure::<SubmitTo>(scale),
        ("shards", "seastar-service") => shards::measure::<Routed>(scale),
        ("scaling", _) => scaling::measure(scale),
        ("shards", "tokio-handle") => shards::measure::<SpawnOnHandle>(scale),
        ("shards", "tokio") => shards::measure::<shards::OverChannels<Tokio>>(scale),
        ("shards", "monoio") => shards::measure::<shards::OverChannels<Monoio>>(scale),
        ("shards", "compio") => shards::measure::<shards::OverChannels<Compio>>(scale),
        ("shards", "glommio") => shards::measure::<shards::OverChannels<Glommio>>(scale),
        ("futures", "seastar") => Seastar::run(futures::measure_ours(scale)),
        (_, "seastar") => measure_on::<Seastar>(part, scale),
        (_, "tokio") => measure_on::<Tokio>(part, scale),
        (_, "monoio") => measure_on::<Monoio>(part, scale),
        (_, "compio") => measure_on::<Compio>(part, scale),
        (_, "glommio") => measure_on::<Glommio>(part, scale),
        (_, "kimojio") => measure_on::<Kimojio>(part, scale),
        _ => {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("cannot measure {part} of {runtime}"),
            ));
        }
    }
    Ok(())
}

fn measure_on<R: Runtime>(part: &str, scale: f64) {
    match part {
        "spawn" => R::run(spawn::measure::<R>(scale)),
        "futures" => R::run(futures::measure::<R>(scale)),
        _ => R::run(timers::measure::<R>(scale)),
    }
}
