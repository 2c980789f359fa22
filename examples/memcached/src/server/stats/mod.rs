//! The answers to `stats`, under memcached's names, summed over the shards.

mod classes;
mod general;
mod settings;

use std::fmt::Display;
use std::io::{self, Write};

use super::connections::with_kind;
use super::exchange::Exchange;
use super::shard::Shard;
use crate::cache::Counters;
use crate::protocol::tokens::Tokens;
use crate::store::Statistics;
pub(super) use classes::OfShard;
pub(super) use general::note_descriptors;

/// What one shard has to tell, or several together.
#[derive(Clone, Copy, Default)]
pub(super) struct Snapshot {
    pub(super) counters: Counters,
    pub(super) store: Statistics,
    curr_connections: u64,
    total_connections: u64,
    rejected_connections: u64,
    idle_kicks: u64,
    conn_yields: u64,
    gather_refusals: u64,
    bytes_read: u64,
    bytes_written: u64,
    /// Exchanges that wait to be used again.
    exchanges: u64,
    exchanges_bytes: u64,
    /// Connections that have sent a part of a command, and what is kept of that.
    gathering: u64,
    gathered_bytes: u64,
    gathered_bytes_max: u64,
    is_crawling: bool,
}

impl Snapshot {
    pub(super) fn of(shard: &Shard) -> Snapshot {
        let cache = shard.cache.borrow();
        let traffic = &shard.traffic;
        let (exchanges, exchanges_bytes) = shard.kept_exchanges();
        Snapshot {
            counters: cache.counters(),
            store: cache.store.statistics(),
            curr_connections: traffic.curr_connections.get(),
            total_connections: traffic.total_connections.get(),
            rejected_connections: traffic.rejected_connections.get(),
            idle_kicks: traffic.idle_kicks.get(),
            bytes_read: traffic.bytes_read.get(),
            bytes_written: traffic.bytes_written.get(),
            conn_yields: traffic.conn_yields.get(),
            gather_refusals: traffic.gather_refusals.get(),
            exchanges,
            exchanges_bytes,
            gathering: shard.connections.gathering(),
            gathered_bytes: shard.gathered_bytes() as u64,
            gathered_bytes_max: shard.settings.gathered_bytes_max as u64,
            is_crawling: cache.store.is_crawling(),
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
        self.conn_yields += other.conn_yields;
        self.gather_refusals += other.gather_refusals;
        self.exchanges += other.exchanges;
        self.exchanges_bytes += other.exchanges_bytes;
        self.gathering += other.gathering;
        self.gathered_bytes += other.gathered_bytes;
        self.gathered_bytes_max += other.gathered_bytes_max;
        self.is_crawling |= other.is_crawling;
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
        None => general::push(shard, lines, &shard.peers.snapshot().await?),
        Some(b"settings") => settings::push(shard, lines),
        Some(b"items") => classes::push_items(lines, &classes::ask(shard.peers).await?),
        Some(b"slabs") => {
            let all = shard.peers.snapshot().await?;
            classes::push_slabs(lines, &classes::ask(shard.peers).await?, &all);
        }
        Some(b"sizes") => lines.push("sizes_status", "disabled"),
        // There is no external storage.
        Some(b"extstore") => {}
        Some(b"conns") => connections(shard, lines).await?,
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
            let known = match words.next() {
                Some(b"on") => Some(true),
                Some(b"off") => Some(false),
                Some(b"dump") => {
                    shard.peers.prefixes().await?.push(&mut text);
                    text.extend_from_slice(b"END\r\n");
                    exchange.say(&text);
                    return Ok(());
                }
                _ => None,
            };
            exchange.say(match known {
                Some(on) => {
                    shard.peers.count_prefixes(on).await?;
                    b"OK\r\n"
                }
                None => b"CLIENT_ERROR usage: stats detail on|off|dump\r\n",
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

/// The sockets that listen, and the connections of all shards.
async fn connections(shard: &Shard, lines: &mut Lines<'_>) -> io::Result<()> {
    let settings = &shard.settings;
    let tcp = settings.tcp.iter().map(|address| (with_kind("tcp", *address), "conn_listening"));
    let unix = settings.unix.iter().map(|path| (format!("unix:{}", path.display()), "conn_listening"));
    let udp = settings.udp.iter().map(|address| (with_kind("udp", *address), "conn_read"));
    let mut listeners = 0;
    for (address, state) in tcp.chain(unix).chain(udp) {
        if address.starts_with("udp") {
            lines.push(format_args!("{listeners}:UDP"), "UDP");
        }
        lines.push(format_args!("{listeners}:addr"), address);
        lines.push(format_args!("{listeners}:state"), state);
        lines.push(format_args!("{listeners}:secs_since_last_cmd"), settings.time.uptime().as_secs());
        listeners += 1;
    }
    let shards = seastar::shard_count() as u64;
    for owner in 0..seastar::shard_count() {
        for connection in shard.peers.connections_of(owner).await? {
            let number = listeners + connection.number * shards + owner as u64;
            lines.push(format_args!("{number}:addr"), connection.address);
            lines.push(format_args!("{number}:listen_addr"), connection.listener);
            lines.push(format_args!("{number}:state"), connection.state);
            lines.push(format_args!("{number}:secs_since_last_cmd"), connection.silent);
        }
    }
    Ok(())
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
