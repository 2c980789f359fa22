//! Clients that others have written, against the program on one shard and on two.
//!
//! They need Python and Debian's libmemcached-tools. Where those are missing nothing is tried out, but under CI that is a failure.

// No shard runs this.
#![allow(clippy::disallowed_methods)]

mod support;

use std::path::PathBuf;
use std::process::Command;

use support::server::{Server, shards};

const PYMEMCACHE: &str = "pymemcache==4.0.0";

/// Says that `what` is missing, which must not go unnoticed where everything should be there.
fn missing(what: &str) {
    assert!(std::env::var_os("CI").is_none(), "{what} is missing; .ci/run installs it");
    eprintln!("{what} is missing, so nothing was tried out");
}

/// Runs a command and returns what it printed; `None` if it could not be run or failed.
fn run(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A Python that has pymemcache.
fn python() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("memcached-venv");
    let python = folder.join("bin/python3");
    let has = |python: &PathBuf| run(Command::new(python).args(["-c", "import pymemcache"])).is_some();
    if has(&python) {
        return Some(python);
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", PYMEMCACHE]))?;
    has(&python).then_some(python)
}

#[test]
fn pymemcache_does_a_round_of_everything() {
    let Some(python) = python() else { return missing("python3 with venv, pip and pymemcache") };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/pymemcache_round.py");
    for count in [1, 2] {
        let server = Server::start(&shards(count));
        let output =
            Command::new(&python).arg(script).arg(server.port.to_string()).output().expect("it runs");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "on {count} shards: {text}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "all is well\n");
    }
}

#[test]
fn the_text_tests_of_libmemcached_pass() {
    // Debian has renamed it.
    let names = ["memccapable", "memcapable"];
    let found = names.into_iter().find(|name| Command::new(name).arg("-V").output().is_ok());
    let Some(name) = found else { return missing("memcapable, of libmemcached-tools,") };
    for count in [1, 2] {
        let server = Server::start(&shards(count));
        let port = server.port.to_string();
        let output =
            Command::new(name).args(["-h", "127.0.0.1", "-p", &port, "-a"]).output().expect("it runs");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("All tests passed") && !text.contains("FAIL"), "on {count} shards:\n{text}");
        assert!(text.matches("[pass]").count() >= 25, "{text}");
    }
}
