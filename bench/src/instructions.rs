//! Counting user-space instructions of a server by callgrind.
//!
//! The difference between a long and a short run leaves starting and stopping out.

use crate::child::ServerProcess;
use crate::load::{Load, Until};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const REQUESTS_SHORT: u64 = 2_000;
const REQUESTS_LONG: u64 = 12_000;

/// Whether valgrind can be run.
pub fn are_countable() -> bool {
    let version =
        Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

/// Instructions for each request of the server `name`.
pub fn per_request(name: &str, connections: usize, message_bytes: usize) -> io::Result<f64> {
    let run = |requests| total(name, connections, message_bytes, requests);
    let (short, long) = (run(REQUESTS_SHORT)?, run(REQUESTS_LONG)?);
    Ok((long as f64 - short as f64) / (REQUESTS_LONG - REQUESTS_SHORT) as f64)
}

fn total(name: &str, connections: usize, message_bytes: usize, requests: u64) -> io::Result<u64> {
    let profile = Profile::new();
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--fair-sched=yes"])
        .arg(format!("--callgrind-out-file={}", profile.0.display()));
    command.arg(std::env::current_exe()?);
    let server = ServerProcess::start_under(command, name, crate::buffers::BUFFER_BYTES)?;
    Load::connect(server.port, connections, message_bytes)?.run(Until::Requests(requests))?;
    server.stop()?;
    read_total(&profile.0)
}

fn read_total(profile: &Path) -> io::Result<u64> {
    let text = std::fs::read_to_string(profile)?;
    let line = text.lines().find_map(|line| line.strip_prefix("totals: ").or(line.strip_prefix("summary: ")));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .ok_or_else(|| io::Error::other("callgrind wrote no totals"))
}

/// A file that callgrind writes, removed afterwards.
struct Profile(PathBuf);

impl Profile {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("seastar-bench-{}.callgrind", std::process::id())))
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
