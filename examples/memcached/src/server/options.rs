//! The options of the command line, under memcached's names where it has them.

use std::path::PathBuf;
use std::time::Duration;

use seastar::{Options, clap};

use super::addresses::{Place, Ports, parse_place};
use super::habits::Habits;
use super::settings::{Settings, Time};
use crate::store::{Clock, KeyHasher};

/// The range of `--max-item-size`.
const ITEM_BYTES_MIN: u64 = 1 << 10;
const ITEM_BYTES_LIMIT: u64 = 128 << 20;

/// The options of the server. Those that say on how many cores and with how much memory it runs are the framework's.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// TCP port, -1 for any, 0 for none [default: 11211, or none with --unix-socket]
    #[arg(short = 'p', long, value_name = "PORT", allow_negative_numbers = true, value_parser = parse_port)]
    port: Option<i32>,
    /// UDP port, -1 for any, 0 for none [default: the TCP port, for this machine only]
    #[arg(short = 'U', long, value_name = "PORT", allow_negative_numbers = true, value_parser = parse_port)]
    udp_port: Option<i32>,
    /// Addresses or names to listen on, also with a port: localhost,10.0.0.1:11311 [default: all]
    #[arg(short = 'l', long, value_name = "LIST", value_delimiter = ',', value_parser = parse_place)]
    listen: Vec<Place>,
    /// Unix socket to listen on
    #[arg(short = 's', long, value_name = "PATH")]
    unix_socket: Option<PathBuf>,
    /// Who may use the Unix socket, in octal
    #[arg(short = 'a', long, value_name = "MODE", default_value = "700", value_parser = parse_octal)]
    unix_mask: u32,
    /// Connections at a time; more are told so and closed
    #[arg(long, value_name = "N", default_value_t = 1024)]
    conn_limit: usize,
    /// Connections that wait to be accepted
    #[arg(short = 'b', long, value_name = "N", default_value_t = 1024)]
    listen_backlog: u32,
    /// The largest item, key and all, such as 512k or 2m; from 1k to 128m
    #[arg(short = 'I', long, value_name = "SIZE", default_value = "1m", value_parser = parse_item_size)]
    max_item_size: u64,
    /// Seconds after which a silent connection is closed; 0 is never
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    idle_timeout: u64,
    /// Refuse what has no room, instead of giving up other items
    #[arg(short = 'M', long)]
    disable_evictions: bool,
    /// Refuse flush_all
    #[arg(short = 'F', long)]
    disable_flush_all: bool,
    /// Refuse to list keys: lru_crawler metadump and mgdump, stats cachedump
    #[arg(short = 'X', long)]
    disable_dumping: bool,
    /// Let clients stop the server by the command shutdown
    #[arg(short = 'A', long)]
    enable_shutdown: bool,
    /// Count by what keys begin with, up to this character, for `stats detail dump`
    #[arg(short = 'D', value_name = "CHAR", value_parser = parse_delimiter)]
    prefix_delimiter: Option<u8>,
    /// Print a line of statistics each second
    #[arg(long)]
    stats: bool,
    #[command(flatten)]
    habits: Habits,
}

fn parse_port(text: &str) -> Result<i32, String> {
    let port = text.parse().ok().filter(|port| (-1..=i32::from(u16::MAX)).contains(port));
    port.ok_or_else(|| "write a number from -1 to 65535".to_owned())
}

fn parse_delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        [byte @ b'!'..=b'~'] => Ok(*byte),
        _ => Err("write one character of ASCII".to_owned()),
    }
}

fn parse_octal(text: &str) -> Result<u32, String> {
    let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777);
    mode.ok_or_else(|| "this is no octal number from 0 to 777".to_owned())
}

fn parse_item_size(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.as_bytes().last().map(u8::to_ascii_lowercase) {
        Some(b'k') => (&text[..text.len() - 1], 1 << 10),
        Some(b'm') => (&text[..text.len() - 1], 1 << 20),
        _ => (text, 1),
    };
    let bytes = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    let in_range = bytes.filter(|bytes| (ITEM_BYTES_MIN..=ITEM_BYTES_LIMIT).contains(bytes));
    in_range.ok_or_else(|| "write a size from 1k to 128m".to_owned())
}

impl Args {
    /// Whether the version is all that is wanted.
    pub fn wants_version(&self) -> bool {
        self.habits.wants_version()
    }

    /// Does what has to be done before the shards start, and says how they do.
    ///
    /// # Errors
    ///
    /// In words, what of it was not possible, or which of memcached's options means nothing here.
    pub fn prepare(&self, options: Options) -> Result<Options, String> {
        self.habits.prepare(options)
    }

    /// Whether a line is printed each second.
    pub(super) fn prints_statistics(&self) -> bool {
        self.stats
    }

    /// Where it listens.
    pub(super) fn ports(&self) -> Ports {
        Ports { tcp: self.port, udp: self.udp_port, has_unix: self.unix_socket.is_some() }
    }

    pub(super) fn places(&self) -> &[Place] {
        &self.listen
    }

    /// What the shards have to know.
    pub(super) fn settings(&self) -> Settings {
        let time = Time::start();
        let idle_seconds = self.habits.idle_timeout().unwrap_or(self.idle_timeout);
        let inter = self.listen.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        Settings {
            tcp: Vec::new(),
            udp: Vec::new(),
            inter: (!inter.is_empty()).then_some(inter),
            unix: self.unix_socket.clone(),
            unix_mask: self.unix_mask,
            backlog: self.listen_backlog,
            connections_max: self.conn_limit,
            item_bytes_max: self.max_item_size as usize,
            idle_timeout: (idle_seconds > 0).then(|| Duration::from_secs(idle_seconds)),
            gathered_bytes_max: (4 * self.max_item_size as usize).max(16 << 20),
            evicts: !self.disable_evictions,
            flushes: !self.disable_flush_all,
            dumps: !self.disable_dumping,
            shuts_down: self.enable_shutdown,
            prefix_end: self.prefix_delimiter.unwrap_or(b':'),
            counts_prefixes: self.prefix_delimiter.is_some(),
            verbosity: self.habits.verbosity(),
            pid_file: self.habits.pid_file(),
            hasher: KeyHasher::random(),
            clock: Clock::new(time.unix()),
            time,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_and_bounds() {
        assert_eq!(parse_item_size("1k"), Ok(1024));
        assert_eq!(parse_item_size("2M"), Ok(2 << 20));
        assert_eq!(parse_item_size("5000"), Ok(5000));
        for wrong in ["", "k", "1000", "129m", "1g", "99999999999999999999m", "-1m", "1.5m"] {
            assert!(parse_item_size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn masks_are_octal() {
        assert_eq!(parse_octal("700"), Ok(0o700));
        for wrong in ["", "8", "1000", "rwx"] {
            assert!(parse_octal(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ports_are_numbers_of_16_bits_or_any() {
        assert_eq!((parse_port("-1"), parse_port("0"), parse_port("65535")), (Ok(-1), Ok(0), Ok(65535)));
        for wrong in ["", "-2", "65536", "http"] {
            assert!(parse_port(wrong).is_err(), "{wrong}");
        }
    }
}
