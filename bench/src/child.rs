//! Running this program again as a process of its own: as a server, or to measure one thing.

use crate::clock::CpuClock;
use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const STOP_MAX: Duration = Duration::from_secs(10);
const LIFE_SECONDS_MAX: u32 = 120;

/// An echo server in a process of its own; it ends when this is dropped.
pub struct ServerProcess {
    child: Child,
    pub port: u16,
    pub clock: CpuClock,
}

impl ServerProcess {
    /// Starts the server `name`, with buffers of `buffer_bytes` for each connection where it has such.
    pub fn start(name: &str, buffer_bytes: usize) -> io::Result<Self> {
        Self::start_under(Command::new(std::env::current_exe()?), name, buffer_bytes)
    }

    /// Starts the server by a command that runs this program, such as valgrind.
    pub fn start_under(mut command: Command, name: &str, buffer_bytes: usize) -> io::Result<Self> {
        command.args(["child", "serve", name, &buffer_bytes.to_string()]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let Ok(port) = line.trim().parse() else {
            drop(child.stdin.take());
            let output = child.wait_with_output()?;
            let text = String::from_utf8_lossy(&output.stderr);
            return Err(io::Error::other(format!("the server `{name}` did not start: {}", last_line(&text))));
        };
        let clock = CpuClock::of(child.id())?;
        Ok(Self { child, port, clock })
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends the server in order and waits for it.
    pub fn stop(mut self) -> io::Result<()> {
        drop(self.child.stdin.take());
        let start = Instant::now();
        while self.child.try_wait()?.is_none() {
            if start.elapsed() > STOP_MAX {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the server does not stop"));
            }
            std::thread::sleep(Duration::from_millis(5));
            // Valgrind runs one thread at a time and does not know that `io_uring_enter` waits; this ends the wait.
            drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
        }
        Ok(())
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // Does nothing to a process that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ends the calling process if it is still there when everything that it may have to do is long done.
pub fn limit_own_life() {
    // SAFETY: nothing handles the signal, so it ends the process.
    unsafe { libc::alarm(LIFE_SECONDS_MAX) };
}

/// One figure that a measuring process printed.
pub struct Figure {
    pub case: String,
    pub metric: String,
    pub value: f64,
}

/// Measures `part` of `runtime` in a process of its own.
pub fn measure(part: &str, runtime: &str, scale: f64) -> io::Result<Vec<Figure>> {
    let output = Command::new(std::env::current_exe()?)
        .args(["child", "measure", part, runtime, &scale.to_string()])
        .stdin(Stdio::null())
        .output()?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(format!("{runtime}: {}: {}", output.status, last_line(&text))));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().filter_map(parse).collect())
}

/// Prints a figure for [`measure`] to read.
pub fn print_figure(case: &str, metric: &str, value: f64) {
    println!("{case}\t{metric}\t{value}");
}

fn parse(line: &str) -> Option<Figure> {
    let mut fields = line.split('\t');
    let (case, metric, value) = (fields.next()?, fields.next()?, fields.next()?);
    Some(Figure { case: case.to_owned(), metric: metric.to_owned(), value: value.parse().ok()? })
}

fn last_line(text: &str) -> &str {
    text.trim().lines().last().unwrap_or("it printed nothing")
}
