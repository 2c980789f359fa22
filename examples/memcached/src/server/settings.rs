//! What all shards know of how the server was started.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::store::{Clock, KeyHasher};

/// What a shard leaves to connections and messages: an eighth of its memory, within these.
const RESERVE_BYTES_MIN: usize = 8 << 20;
const RESERVE_BYTES_MAX: usize = 256 << 20;
/// The store addresses no more.
const STORE_BYTES_MAX: usize = 32 << 30;

/// Settings that all shards share.
#[derive(Debug)]
pub(super) struct Settings {
    /// Where it listens.
    pub(super) tcp: Vec<SocketAddr>,
    pub(super) udp: Vec<SocketAddr>,
    /// What the command line says about that.
    pub(super) inter: Option<String>,
    pub(super) unix: Option<PathBuf>,
    pub(super) unix_mask: u32,
    pub(super) backlog: u32,
    pub(super) connections_max: usize,
    pub(super) item_bytes_max: usize,
    pub(super) idle_timeout: Option<Duration>,
    /// Bytes that a shard keeps of commands that are not complete.
    pub(super) gathered_bytes_max: usize,
    /// Whether items are given up for others.
    pub(super) evicts: bool,
    /// Whether clients may flush, list keys, and stop the program.
    pub(super) flushes: bool,
    pub(super) dumps: bool,
    pub(super) shuts_down: bool,
    /// What ends the beginning of a key, and whether it is counted by those from the start.
    pub(super) prefix_end: u8,
    pub(super) counts_prefixes: bool,
    /// How often `-v` was given.
    pub(super) verbosity: u8,
    pub(super) pid_file: Option<PathBuf>,
    pub(super) hasher: KeyHasher,
    pub(super) clock: Clock,
    pub(super) time: Time,
}

impl Settings {
    /// The bytes that a shard's store may have, of its whole budget.
    pub(super) fn store_bytes(&self, budget: usize) -> usize {
        let reserve = (budget / 8).clamp(RESERVE_BYTES_MIN, RESERVE_BYTES_MAX);
        (budget - reserve.min(budget / 2)).min(STORE_BYTES_MAX)
    }
}

/// The time of day, which nobody can set back while the server runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Time {
    started: Instant,
    /// Since 1970.
    started_at: Duration,
}

impl Time {
    pub(super) fn start() -> Time {
        let started_at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Time { started: Instant::now(), started_at }
    }

    fn now(self) -> Duration {
        self.started_at + self.started.elapsed()
    }

    /// Seconds since 1970.
    pub(super) fn unix(self) -> u64 {
        self.now().as_secs()
    }

    /// How long it is to the next second.
    pub(super) fn to_next_second(self) -> Duration {
        Duration::from_secs(1) - Duration::from_nanos(self.now().subsec_nanos().into())
    }

    pub(super) fn uptime(self) -> Duration {
        self.started.elapsed()
    }
}
