//! The answers to `stats`, under memcached's names, summed over the shards.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{self, Write};

use super::control::VERSION;
use super::exchange::Exchange;
use super::shard::{Shard, ShardHandle};
use crate::cache::Counters;
use crate::protocol::tokens::Tokens;
use crate::store::{ClassStatistics, Statistics};

/// What one shard has to tell, or several together.
#[derive(Clone, Copy, Default)]
pub(super) struct Snapshot {
    pub(super) counters: Counters,
    pub(super) store: Statistics,
    curr_connections: u64,
    total_connections: u64,
    rejected_connections: u64,
    idle_kicks: u64,
    bytes_read: u64,
    bytes_written: u64,
}

impl Snapshot {
    pub(super) fn of(shard: &Shard) -> Snapshot {
        let cache = shard.cache.borrow();
        let traffic = &shard.traffic;
        Snapshot {
            counters: cache.counters,
            store: cache.store.statistics(),
            curr_connections: traffic.curr_connections.get(),
            total_connections: traffic.total_connections.get(),
            rejected_connections: traffic.rejected_connections.get(),
            idle_kicks: traffic.idle_kicks.get(),
            bytes_read: traffic.bytes_read.get(),
            bytes_written: traffic.bytes_written.get(),
        }
    }

    /// Both together.
    pub(super) fn and(mut self, other: Snapshot) -> Snapshot {
        self.counters += other.counters;
        self.store += other.store;
        self.curr_connections += other.curr_connections;
        self.total_connections += other.total_connections;
        self.rejected_connections += other.rejected_connections;
        self.idle_kicks += other.idle_kicks;
        self.bytes_read += other.bytes_read;
        self.bytes_written += other.bytes_written;
        self
    }

    fn traffic(&self) -> [(&'static str, u64); 4] {
        [
            ("curr_connections", self.curr_connections),
            ("total_connections", self.total_connections),
            ("bytes_read", self.bytes_read),
            ("bytes_written", self.bytes_written),
        ]
    }
}

/// Lines of statistics.
struct Lines<'a>(&'a mut Vec<u8>);

impl Lines<'_> {
    fn push(&mut self, name: impl Display, value: impl Display) {
        write!(self.0, "STAT {name} {value}\r\n").expect("a vector takes all");
    }

    fn all<N: Display>(&mut self, values: impl IntoIterator<Item = (N, u64)>) {
        values.into_iter().for_each(|(name, value)| self.push(name, value));
    }
}

/// Answers `stats` and what may stand behind it.
pub(super) async fn answer(shard: &Shard, kind: &[u8], exchange: &mut Exchange) -> io::Result<()> {
    let mut words = Tokens::new(kind);
    let mut text = Vec::new();
    let lines = &mut Lines(&mut text);
    match words.next() {
        None => general(shard, lines, shard.peers.snapshot().await?),
        Some(b"settings") => settings(shard, lines),
        Some(b"items") => items(lines, &classes(shard.peers).await?),
        Some(b"slabs") => slabs(lines, &classes(shard.peers).await?, &shard.peers.snapshot().await?),
        Some(b"sizes") => lines.push("sizes_status", "disabled"),
        Some(b"shards") => {
            for number in 0..seastar::shard_count() {
                of_one(lines, number, &shard.peers.snapshot_of(number).await?);
            }
        }
        Some(b"reset") => {
            shard.peers.reset_counters().await?;
            exchange.say(b"RESET\r\n");
            return Ok(());
        }
        Some(b"detail") => {
            exchange.say(match words.next() {
                Some(b"on" | b"off" | b"dump") => b"CLIENT_ERROR stats detail not allowed\r\n",
                _ => b"CLIENT_ERROR usage: stats detail on|off|dump\r\n",
            });
            return Ok(());
        }
        Some(_) => {
            exchange.say(b"ERROR\r\n");
            return Ok(());
        }
    }
    text.extend_from_slice(b"END\r\n");
    exchange.say(&text);
    Ok(())
}

fn general(shard: &Shard, lines: &mut Lines<'_>, all: Snapshot) {
    let settings = &shard.settings;
    lines.push("pid", std::process::id());
    lines.push("uptime", settings.time.uptime().as_secs());
    lines.push("time", settings.time.unix());
    lines.push("version", VERSION);
    lines.push("pointer_size", usize::BITS);
    if let Some([user, system]) = cpu_seconds() {
        lines.push("rusage_user", format_args!("{user:.6}"));
        lines.push("rusage_system", format_args!("{system:.6}"));
    }
    lines.push("max_connections", settings.connections_max);
    lines.push("curr_connections", all.curr_connections);
    lines.push("total_connections", all.total_connections);
    lines.push("rejected_connections", all.rejected_connections);
    lines.push("connection_structures", all.curr_connections);
    lines.all(all.counters.named());
    if settings.idle_timeout.is_some() {
        lines.push("idle_kicks", all.idle_kicks);
    }
    lines.push("bytes_read", all.bytes_read);
    lines.push("bytes_written", all.bytes_written);
    lines.push("limit_maxbytes", limit_maxbytes());
    lines.push("accepting_conns", 1);
    lines.push("listen_disabled_num", 0);
    lines.push("time_in_listen_disabled_us", 0);
    lines.push("threads", seastar::shard_count());
    let store = all.store;
    lines.push("hash_power_level", store.hash_buckets.max(1).ilog2());
    lines.push("hash_bytes", store.hash_bytes);
    lines.push("hash_is_expanding", 0);
    lines.all([
        ("slab_reassign_rescues", store.slab_reassign_rescues),
        ("slabs_moved", store.slabs_moved),
        ("bytes", store.bytes),
        ("curr_items", store.curr_items),
        ("total_items", store.total_items),
        ("expired_unfetched", store.expired_unfetched),
        ("evicted_unfetched", store.evicted_unfetched),
        ("evicted_active", store.evicted_active),
        ("evictions", store.evictions),
        ("reclaimed", store.reclaimed),
        ("crawler_reclaimed", store.crawler_reclaimed),
        ("crawler_items_checked", store.crawler_items_checked),
        ("lrutail_reflocked", store.lrutail_reflocked),
        ("moves_to_cold", store.moves_to_cold),
        ("moves_to_warm", store.moves_to_warm),
        ("moves_within_lru", store.moves_within_lru),
    ]);
}

/// The budget of all shards.
fn limit_maxbytes() -> usize {
    seastar::memory_statistics().budget * seastar::shard_count()
}

/// CPU time of the process in user and kernel mode, from proc_pid_stat(5).
#[allow(clippy::disallowed_methods)] // A file of the kernel's own, which waits for no disk.
fn cpu_seconds() -> Option<[f64; 2]> {
    let text = seastar::blocking_ok!(std::fs::read_to_string("/proc/self/stat")).ok()?;
    // The name, which may hold anything, ends with the last parenthesis; the state follows as field 3.
    let mut fields = text.rsplit_once(')')?.1.split(' ').skip(12);
    let mut seconds = || Some(fields.next()?.parse::<f64>().ok()? / 100.0);
    Some([seconds()?, seconds()?])
}

fn settings(shard: &Shard, lines: &mut Lines<'_>) {
    let settings = &shard.settings;
    let port = |address: Option<std::net::SocketAddr>| address.map_or(0, |address| address.port());
    lines.push("maxbytes", limit_maxbytes());
    lines.push("maxconns", settings.connections_max);
    lines.push("tcpport", port(settings.tcp));
    lines.push("udpport", port(settings.udp));
    match settings.tcp.or(settings.udp) {
        Some(address) => lines.push("inter", address.ip()),
        None => lines.push("inter", "NULL"),
    }
    lines.push("verbosity", 0);
    lines.push("evictions", "on");
    match &settings.unix {
        Some(path) => lines.push("domain_socket", path.display()),
        None => lines.push("domain_socket", "NULL"),
    }
    lines.push("umask", format_args!("{:o}", settings.unix_mask));
    lines.push("num_threads", seastar::shard_count());
    lines.push("stat_key_prefix", ":");
    lines.push("detail_enabled", "no");
    lines.push("cas_enabled", "yes");
    lines.push("binding_protocol", "ascii");
    lines.push("auth_enabled_sasl", "no");
    lines.push("auth_enabled_ascii", "no");
    lines.push("item_size_max", settings.item_bytes_max);
    lines.push("maxconns_fast", "yes");
    lines.push("shutdown_command", "no");
    lines.push("slab_reassign", "yes");
    lines.push("lru_crawler", "yes");
    lines.push("lru_segmented", "yes");
    lines.push("flush_enabled", "yes");
    lines.push("dump_enabled", "yes");
    lines.push("idle_timeout", settings.idle_timeout.map_or(0, |limit| limit.as_secs()));
    lines.push("client_flags_size", 4);
}

/// The classes of all shards, added up by their number.
async fn classes(shards: ShardHandle) -> io::Result<BTreeMap<u8, ClassStatistics>> {
    let mut classes = BTreeMap::new();
    for shard in 0..seastar::shard_count() {
        for class in shards.classes_of(shard).await? {
            classes.entry(class.id).and_modify(|sum| *sum += class).or_insert(class);
        }
    }
    Ok(classes)
}

fn items(lines: &mut Lines<'_>, classes: &BTreeMap<u8, ClassStatistics>) {
    for (id, class) in classes {
        let counters = &class.counters;
        if counters.number == 0 {
            continue;
        }
        lines.all(
            [
                ("number", counters.number),
                ("number_hot", counters.number_hot),
                ("number_warm", counters.number_warm),
                ("number_cold", counters.number_cold),
                ("age", class.age),
                ("mem_requested", counters.mem_requested),
                ("evicted", counters.evicted),
                ("evicted_nonzero", counters.evicted_nonzero),
                ("evicted_time", class.evicted_time),
                ("outofmemory", counters.outofmemory),
                ("reclaimed", counters.reclaimed),
                ("expired_unfetched", counters.expired_unfetched),
                ("evicted_unfetched", counters.evicted_unfetched),
                ("evicted_active", counters.evicted_active),
                ("crawler_reclaimed", counters.crawler_reclaimed),
                ("lrutail_reflocked", counters.lrutail_reflocked),
                ("moves_to_cold", counters.moves_to_cold),
                ("moves_to_warm", counters.moves_to_warm),
                ("moves_within_lru", counters.moves_within_lru),
            ]
            .map(|(name, value)| (format!("items:{id}:{name}"), value)),
        );
    }
}

fn slabs(lines: &mut Lines<'_>, classes: &BTreeMap<u8, ClassStatistics>, all: &Snapshot) {
    let mut active = 0;
    for (id, class) in classes {
        let counters = &class.counters;
        if counters.total_pages == 0 {
            continue;
        }
        active += 1;
        let total_chunks = counters.total_pages * class.chunks_per_page;
        lines.all(
            [
                ("chunk_size", class.chunk_size),
                ("chunks_per_page", class.chunks_per_page),
                ("total_pages", counters.total_pages),
                ("total_chunks", total_chunks),
                ("used_chunks", counters.used_chunks),
                ("free_chunks", total_chunks.saturating_sub(counters.used_chunks)),
                ("free_chunks_end", 0),
                ("mem_requested", counters.mem_requested),
            ]
            .map(|(name, value)| (format!("{id}:{name}"), value)),
        );
    }
    lines.push("active_slabs", active);
    lines.push("total_malloced", all.store.memory_used);
}

/// What memcached has no name for: the counters of a shard by itself.
fn of_one(lines: &mut Lines<'_>, shard: usize, one: &Snapshot) {
    let store = [
        ("curr_items", one.store.curr_items),
        ("bytes", one.store.bytes),
        ("evictions", one.store.evictions),
        ("limit_maxbytes", one.store.limit_maxbytes),
    ];
    let all = one.traffic().into_iter().chain(one.counters.named()).chain(store);
    lines.all(all.map(|(name, value)| (format!("{shard}:{name}"), value)));
}
