//! The command line.

use crate::parts;
use std::path::PathBuf;
use std::time::Duration;

pub const HELP: &str = "\
Side by side: Seastar for Rust, its peers, and a bare io_uring loop

Usage: cargo run --release --manifest-path bench/Cargo.toml -- [PART]... [OPTION]...

Parts (all but floor, http, tls, compile and memcached when none is named):
  echo      requests a second, latency, CPU, system calls and instructions of echo servers
  spawn     starting, joining and yielding fibers
  sync      semaphores, locks, gates and channels
  futures   continuations, loops and a million fibers
  timers    creating and cancelling timers, and how late they fire
  shards    calling another thread
  scaling   two shards against one, with more and more calls between them
  idle      memory of 10,000 idle connections
  floor     what each io_uring feature is worth to the bare loop
  http      hyper on our runtime and on tokio, under wrk (apt-get install wrk)
  tls       TLS handshakes and throughput beside tokio-rustls
  compile   compiling 300 functions with macros, and the same written by hand
  memcached our memcached beside the stock one and Redis

Options:
  --rounds N       rounds, in each of which everything is measured once [7]
  --quick          3 rounds of a quarter of the length: to see that it works, not to quote
  --only A,B       these runtimes only, such as floor,seastar,tokio
  --json FILE      write every sample to FILE
  --memcached FILE another stock memcached to compare with
  --help           this text
";

/// The parts that run when none is named.
const PARTS: [&str; 8] = ["echo", "spawn", "sync", "futures", "timers", "shards", "scaling", "idle"];
const PARTS_ON_REQUEST: [&str; 5] = ["floor", "http", "tls", "compile", "memcached"];
const ROUNDS: usize = 7;
const ROUNDS_QUICK: usize = 3;
const ROUNDS_MAX: usize = 1000;
const PHASE: Duration = Duration::from_millis(1000);

/// What to measure, and how long.
pub struct Options {
    pub parts: Vec<String>,
    pub rounds: usize,
    /// Length of a measured phase of load.
    pub phase: Duration,
    /// Share of the usual number of operations, where operations are counted.
    pub scale: f64,
    pub json: Option<PathBuf>,
    /// The program of another stock memcached.
    pub memcached: Option<PathBuf>,
    only: Vec<String>,
}

impl Options {
    /// Reads the command line; the error is a sentence for the user.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut rounds_wanted = None;
        let mut options = Self {
            parts: Vec::new(),
            rounds: ROUNDS,
            phase: PHASE,
            scale: 1.0,
            json: None,
            memcached: None,
            only: Vec::new(),
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value; see --help"));
            match argument.as_str() {
                "--rounds" => {
                    let rounds = value()?;
                    let number = rounds.parse().ok().filter(|rounds| (1..=ROUNDS_MAX).contains(rounds));
                    let text = || format!("--rounds {rounds} is not a number from 1 to {ROUNDS_MAX}");
                    rounds_wanted = Some(number.ok_or_else(text)?);
                }
                "--quick" => {
                    options.rounds = ROUNDS_QUICK;
                    options.phase = PHASE / 4;
                    options.scale = 0.25;
                }
                "--only" => {
                    options.only = value()?.split(',').map(str::to_owned).collect();
                    if let Some(unknown) = options.only.iter().find(|only| !parts::is_candidate(only)) {
                        return Err(format!(
                            "--only {unknown}: there is no such runtime; README.md has their names"
                        ));
                    }
                }
                "--json" => options.json = Some(value()?.into()),
                "--memcached" => options.memcached = Some(value()?.into()),
                part if PARTS.contains(&part) || PARTS_ON_REQUEST.contains(&part) => {
                    options.parts.push(argument)
                }
                _ => return Err(format!("`{argument}` is neither a part nor an option; see --help")),
            }
        }
        options.rounds = rounds_wanted.unwrap_or(options.rounds);
        if options.parts.is_empty() {
            options.parts = PARTS.map(str::to_owned).to_vec();
        }
        Ok(options)
    }

    /// Whether the runtime `name` is to be measured.
    pub fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn what_is_only_on_request_does_not_run_by_default() {
        let options = parse("").unwrap();
        assert_eq!(options.parts, PARTS);
        assert_eq!(options.rounds, 7);
        assert!(options.wants("anything"));
    }

    #[test]
    fn what_is_named_is_chosen() {
        let options = parse("floor spawn --rounds 9 --only seastar,tokio --json out.json").unwrap();
        assert_eq!(options.parts, ["floor", "spawn"]);
        assert_eq!(options.rounds, 9);
        assert_eq!(parse("--rounds 5 --quick").unwrap().rounds, 5);
        assert!(options.wants("tokio") && !options.wants("monoio"));
        assert_eq!(options.json, Some("out.json".into()));
    }

    #[test]
    fn what_cannot_be_understood_is_named() {
        assert!(parse("--rounds none").err().unwrap().contains("none"));
        assert!(parse("--json").err().unwrap().contains("--json"));
        assert!(parse("--only seastar,tokyo").err().unwrap().contains("tokyo"));
        assert!(parse("ecco").err().unwrap().contains("ecco"));
    }
}
