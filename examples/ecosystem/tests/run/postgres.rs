//! `postgres`: tokio-postgres over our sockets, against a server of its own.
//!
//! Where PostgreSQL is missing nothing is tried out, but under CI that is a failure.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::expected::assert_output;
use crate::program::run;

/// Who root becomes, as which PostgreSQL does not run: nobody.
const NOBODY: u32 = 65534;

/// A server with a folder of its own, which goes with it.
struct Postgres {
    folder: PathBuf,
    server: Option<Child>,
}

impl Postgres {
    /// `None` if it is not installed.
    fn start() -> Option<Postgres> {
        let folder = std::env::temp_dir().join(format!("seastar-postgres-{}", std::process::id()));
        let mut postgres = Postgres { folder, server: None };
        let (initdb, server) = (find("initdb")?, find("postgres")?);
        let folder = &postgres.folder;
        fs::create_dir(folder).expect("there is a folder for temporary files");
        if is_root() {
            chown(folder, Some(NOBODY), Some(NOBODY)).expect("root may give a folder away");
        }
        let data = folder.join("data");
        let made = command(&initdb, folder)
            .args(["--no-sync", "--auth=trust", "--username=postgres", "--pgdata"])
            .arg(&data)
            .output()
            .expect("initdb starts");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let started = command(&server, folder)
            .args(["-c", "listen_addresses=", "-c", "fsync=off", "-k"])
            .arg(folder)
            .arg("-D")
            .arg(&data)
            .stderr(Stdio::null())
            .spawn();
        postgres.server = Some(started.expect("PostgreSQL starts"));
        Some(postgres)
    }

    fn socket(&self) -> String {
        let path = self.folder.join(".s.PGSQL.5432");
        // Far above what a start takes, on a machine however busy.
        for _ in 0..60_000 {
            if path.exists() {
                return path.to_str().expect("the folder for temporary files is text").to_owned();
            }
            thread::sleep(Duration::from_millis(1));
        }
        panic!("PostgreSQL does not listen on {}", path.display())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            // A fast shutdown, in which it ends its own children.
            // SAFETY: a child that was not waited for has its number to itself.
            unsafe { libc::kill(server.id() as i32, libc::SIGINT) };
            let _ = server.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn is_root() -> bool {
    // SAFETY: it only returns a number.
    unsafe { libc::geteuid() == 0 }
}

fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).env("LC_ALL", "C");
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// Debian keeps the programs of each version in a folder of its own.
fn find(program: &str) -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH")?));
    folders.into_iter().map(|folder| folder.join(program)).find(|path| path.exists())
}

#[test]
fn a_client_of_the_tokio_world_talks_to_postgres() {
    let Some(postgres) = Postgres::start() else {
        assert!(std::env::var_os("CI").is_none(), "PostgreSQL is missing; .ci/run installs it");
        return eprintln!("PostgreSQL is missing, so nothing was tried out");
    };
    let socket = postgres.socket();
    let printed = loop {
        let printed = run("postgres", &[&socket]);
        // It listens before it is ready.
        if !printed.stderr.contains("starting up") && !printed.stderr.contains("refused") {
            break printed;
        }
    };
    assert_eq!(printed.code, Some(0), "{}", printed.stderr);
    assert_output("postgres", &printed.stdout);
    let refused = run("postgres", &["--user", "nobody-knows", &socket]);
    assert_eq!((refused.code, &*refused.stdout), (Some(1), ""));
    assert!(refused.stderr.contains("nobody-knows"), "{}", refused.stderr);
}

#[test]
fn a_client_without_a_server_says_so() {
    let refused = run("postgres", &["/nowhere/at/all"]);
    assert_eq!((refused.code, &*refused.stdout), (Some(1), ""));
    assert!(
        refused.stderr.contains("connect to /nowhere/at/all: No such file or directory"),
        "{}",
        refused.stderr
    );
}
