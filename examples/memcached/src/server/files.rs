//! Files that say where the program is: `--pidfile`, and the one that MEMCACHED_PORT_FILENAME names, as in memcached.

// Each is written once, before anybody is served, and removed at the end.
#![allow(clippy::disallowed_methods)]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use super::settings::Settings;

/// Writes those that were asked for.
pub(super) fn write(settings: &Settings) -> io::Result<()> {
    if let Some(path) = &settings.pid_file {
        replace(path, format!("{}\n", std::process::id()))?;
    }
    if let Some(path) = env::var_os("MEMCACHED_PORT_FILENAME") {
        replace(&PathBuf::from(path), ports(settings))?;
    }
    Ok(())
}

/// Removes the one that would tell of a process that is no more.
pub(super) fn remove(settings: &Settings) {
    if let Some(path) = &settings.pid_file
        && let Err(error) = seastar::blocking_ok!(fs::remove_file(path))
    {
        log::warn!("{} was not removed: {error}", path.display());
    }
}

/// So that nobody reads a half of it.
fn replace(path: &Path, text: String) -> io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".lck");
    let written =
        seastar::blocking_ok!(fs::write(&unfinished, text).and_then(|()| fs::rename(&unfinished, path)));
    written.map_err(|error| io::Error::new(error.kind(), format!("write {}: {error}", path.display())))
}

fn ports(settings: &Settings) -> String {
    let mut text = String::new();
    for (kind, addresses) in [("TCP", &settings.tcp), ("UDP", &settings.udp)] {
        for address in addresses {
            let family = if address.is_ipv4() { "INET" } else { "INET6" };
            let _ = writeln!(text, "{kind} {family}: {}", address.port());
        }
    }
    text
}
