//! Running wrk, and reading what it prints.

use std::io;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What one run saw.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    pub requests: f64,
    pub requests_per_second: f64,
    pub p99_us: f64,
}

/// Whether wrk can be run.
pub fn is_there() -> bool {
    // Without arguments it tells how it is used, and fails.
    Command::new("wrk").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// Loads the server from one thread on the CPU of the caller, for whole seconds.
pub fn run(port: u16, connections: usize, length: Duration) -> io::Result<Outcome> {
    let output = Command::new("wrk")
        .args(["--threads", "1", "--connections", &connections.to_string(), "--latency"])
        .args(["--duration", &format!("{}s", length.as_secs().max(1))])
        .arg(format!("http://127.0.0.1:{port}/"))
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    match read(&text) {
        Some(outcome) if output.status.success() => Ok(outcome),
        _ => {
            let errors = String::from_utf8_lossy(&output.stderr);
            Err(io::Error::other(format!("wrk failed: {}\n{text}{errors}", output.status)))
        }
    }
}

/// Nothing if something failed.
fn read(text: &str) -> Option<Outcome> {
    if text.contains("Socket errors:") || text.contains("Non-2xx") {
        return None;
    }
    let value = |start: &str| text.lines().find_map(|line| line.trim().strip_prefix(start)).map(str::trim);
    let requests = text.lines().find(|line| line.contains(" requests in "))?;
    Some(Outcome {
        requests: requests.split_whitespace().next()?.parse().ok()?,
        requests_per_second: value("Requests/sec:")?.parse().ok()?,
        p99_us: microseconds(value("99%")?)?,
    })
}

fn microseconds(text: &str) -> Option<f64> {
    let units = [("us", 1.0), ("ms", 1e3), ("s", 1e6)];
    units.iter().find_map(|(unit, scale)| Some(text.strip_suffix(unit)?.parse::<f64>().ok()? * scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "\
Running 1s test @ http://127.0.0.1:8080/
  1 threads and 50 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   512.10us  120.00us   4.01ms   92.11%
    Req/Sec    98.12k     2.31k  101.10k    80.00%
  Latency Distribution
     50%  498.00us
     99%    1.25ms
  98123 requests in 1.00s, 12.63MB read
Requests/sec:  97999.25
Transfer/sec:     12.61MB
";

    #[test]
    fn what_wrk_prints_is_read() {
        let outcome = Outcome { requests: 98123.0, requests_per_second: 97999.25, p99_us: 1250.0 };
        assert_eq!(read(PRINTED), Some(outcome));
    }

    #[test]
    fn failed_requests_do_not_count() {
        assert_eq!(read(&format!("{PRINTED}  Socket errors: connect 0, read 3, write 0, timeout 0\n")), None);
        assert_eq!(read("unable to connect"), None);
    }
}
