//! The options of the command line, under memcached's names where it has them.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use seastar::clap;

use super::settings::{Settings, Time};
use crate::store::{Clock, KeyHasher};

/// The port that clients expect.
const PORT: u16 = 11211;
/// The range of `--max-item-size`.
const ITEM_BYTES_MIN: u64 = 1 << 10;
const ITEM_BYTES_LIMIT: u64 = 128 << 20;

/// The options of the server. Those that say on how many cores and with how much memory it runs are the framework's.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// TCP port; 0 lets the system choose [default: 11211, or none with --unix-socket]
    #[arg(short = 'p', long, value_name = "PORT")]
    port: Option<u16>,
    /// UDP port; 0 lets the system choose [default: none]
    #[arg(short = 'U', long, value_name = "PORT")]
    udp_port: Option<u16>,
    /// Address to listen on, for TCP and UDP
    #[arg(short = 'l', long, value_name = "IP", default_value = "0.0.0.0")]
    listen: IpAddr,
    /// Unix socket to listen on
    #[arg(short = 's', long, value_name = "PATH")]
    unix_socket: Option<PathBuf>,
    /// Who may use the Unix socket, in octal
    #[arg(short = 'a', long, value_name = "MODE", default_value = "700", value_parser = parse_octal)]
    unix_mask: u32,
    /// Connections at a time; more are told so and closed
    #[arg(long, value_name = "N", default_value_t = 1024)]
    conn_limit: usize,
    /// The largest item, key and all, such as 512k or 2m; from 1k to 128m
    #[arg(short = 'I', long, value_name = "SIZE", default_value = "1m", value_parser = parse_item_size)]
    max_item_size: u64,
    /// Seconds after which a silent connection is closed; 0 is never
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    idle_timeout: u64,
    /// Print a line of statistics each second
    #[arg(long)]
    stats: bool,
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
    /// Whether a line is printed each second.
    pub(super) fn prints_statistics(&self) -> bool {
        self.stats
    }

    /// What the shards have to know.
    pub(super) fn settings(&self) -> Settings {
        let time = Time::start();
        let port = self.port.or(self.unix_socket.is_none().then_some(PORT));
        Settings {
            tcp: port.map(|port| SocketAddr::new(self.listen, port)),
            udp: self.udp_port.map(|port| SocketAddr::new(self.listen, port)),
            unix: self.unix_socket.clone(),
            unix_mask: self.unix_mask,
            connections_max: self.conn_limit,
            item_bytes_max: self.max_item_size as usize,
            idle_timeout: (self.idle_timeout > 0).then(|| Duration::from_secs(self.idle_timeout)),
            gathered_bytes_max: (4 * self.max_item_size as usize).max(16 << 20),
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
}
