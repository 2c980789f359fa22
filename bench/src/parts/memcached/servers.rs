//! The servers, each a process of its own on CPU 0.

use super::SERVER_MEBIBYTES;
use super::wire::Protocol;
use crate::affinity::SERVER_CPU;
use crate::cli::Options;
use crate::clock::CpuClock;
use crate::servers::OURS;
use std::ffi::{OsStr, OsString};
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const STOCK: &str = "memcached";
/// The one of `--memcached`.
const OTHER: &str = "memcached-2";
const REDIS: &str = "redis";
/// All that are compared.
pub const NAMES: [&str; 4] = [OURS, STOCK, OTHER, REDIS];

const START_MAX: Duration = Duration::from_secs(10);
const STOP_MAX: Duration = Duration::from_secs(10);

/// A server that can be started.
pub struct Kind {
    pub name: &'static str,
    pub protocol: Protocol,
    pub version: String,
    program: OsString,
}

/// Looks for a server; nothing if it is not asked for.
pub fn find(name: &'static str, options: &Options) -> io::Result<Option<Kind>> {
    let (program, protocol) = match name {
        OURS => (build()?.into_os_string(), Protocol::Memcached),
        STOCK => ("memcached".into(), Protocol::Memcached),
        OTHER => match &options.memcached {
            Some(path) => (path.clone().into_os_string(), Protocol::Memcached),
            None => return Ok(None),
        },
        _ => ("redis-server".into(), Protocol::Redis),
    };
    let version = Command::new(&program).arg("--version").stdin(Stdio::null()).output().map_err(|error| {
        let package = if protocol == Protocol::Redis { "redis-server" } else { "memcached" };
        let text = format!("{}: {error}; to install it: apt-get install {package}", program.display());
        io::Error::new(error.kind(), text)
    })?;
    let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    Ok(Some(Kind { name, protocol, version, program }))
}

/// Builds ours, which takes no time if that was done before.
fn build() -> io::Result<PathBuf> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let target = repository.join("target");
    let output = Command::new(program)
        .args(["build", "--quiet", "--release", "--package", "memcached", "--bin", "memcached"])
        .current_dir(&repository)
        .env("CARGO_TARGET_DIR", &target)
        .stdin(Stdio::null())
        .output()?;
    match output.status.success() {
        true => Ok(target.join("release/memcached")),
        false => {
            Err(io::Error::other(format!("it does not compile: {}", String::from_utf8_lossy(&output.stderr))))
        }
    }
}

/// A running server; it ends when this is dropped.
pub struct Process {
    child: Child,
    pub port: u16,
    pub clock: CpuClock,
}

impl Process {
    /// Starts a server with one thread for requests, and waits until it accepts connections.
    pub fn start(kind: &Kind) -> io::Result<Self> {
        let port = free_port()?;
        let (port_text, mebibytes) = (port.to_string(), SERVER_MEBIBYTES.to_string());
        let gibibytes = format!("{SERVER_MEBIBYTES}M");
        let arguments: &[&str] = match (kind.name, kind.protocol) {
            (OURS, _) => &["-c1", "-m", &gibibytes, "--port", &port_text],
            (_, Protocol::Memcached) => {
                &["-t", "1", "-m", &mebibytes, "-p", &port_text, "-U", "0", "-c", "4096", "-u", "root"]
            }
            (_, Protocol::Redis) => &["--port", &port_text, "--save", "", "--appendonly", "no"],
        };
        let child = Command::new("taskset")
            .args(["--cpu-list", &SERVER_CPU.to_string()])
            .arg(&kind.program)
            .args(arguments.iter().map(OsStr::new))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut process = Self { clock: CpuClock::of(child.id())?, child, port };
        process.wait_until_ready()?;
        Ok(process)
    }

    fn wait_until_ready(&mut self) -> io::Result<()> {
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            if let Some(status) = self.child.try_wait()? {
                return Err(io::Error::other(format!("the server ended at once: {status}")));
            }
            if start.elapsed() > START_MAX {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "the server does not accept connections",
                ));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // SAFETY: the process is a child that was not waited for, so its number is its own.
        unsafe { libc::kill(self.child.id() as libc::pid_t, libc::SIGTERM) };
        let start = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if start.elapsed() > STOP_MAX {
                let _ = self.child.kill();
                let _ = self.child.wait();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
