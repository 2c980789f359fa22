//! `stats` alone.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Lines, Snapshot};
use crate::server::control::VERSION;
use crate::server::shard::Shard;

/// File descriptors that the program has for itself.
static DESCRIPTORS: AtomicUsize = AtomicUsize::new(0);

/// Counts those descriptors, while there are no connections.
#[allow(clippy::disallowed_methods)] // Of the kernel's own, and read once.
pub(in crate::server) fn note_descriptors() {
    let count = seastar::blocking_ok!(std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count));
    DESCRIPTORS.store(count, Ordering::Relaxed);
}

pub(super) fn push(shard: &Shard, lines: &mut Lines<'_>, all: &Snapshot) {
    let settings = &shard.settings;
    lines.push("pid", std::process::id());
    lines.push("uptime", settings.time.uptime().as_secs());
    lines.push("time", settings.time.unix());
    lines.push("version", VERSION);
    // Clients look for the name.
    lines.push("libevent", "none");
    lines.push("pointer_size", usize::BITS);
    if let Some([user, system]) = cpu_seconds() {
        lines.push("rusage_user", format_args!("{user:.6}"));
        lines.push("rusage_system", format_args!("{system:.6}"));
    }
    connections(shard, lines, all);
    lines.all(all.counters.named());
    lines.all([("auth_cmds", 0), ("auth_errors", 0)]);
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
    lines.push("conn_yields", all.conn_yields);
    items(lines, all);
    // There are no watchers, and connections go where the kernel puts them.
    lines.all(
        ["dropped", "written"].map(|what| (format!("log_worker_{what}"), 0)).into_iter().chain(
            [
                "log_watcher_skipped",
                "log_watcher_sent",
                "log_watchers",
                "unexpected_napi_ids",
                "round_robin_fallback",
            ]
            .map(|name| (name.to_owned(), 0)),
        ),
    );
}

fn connections(shard: &Shard, lines: &mut Lines<'_>, all: &Snapshot) {
    lines.push("max_connections", shard.settings.connections_max);
    lines.push("curr_connections", all.curr_connections);
    lines.push("total_connections", all.total_connections);
    lines.push("rejected_connections", all.rejected_connections);
    lines.push("connection_structures", all.curr_connections);
    lines.all([
        ("response_obj_oom", 0),
        // Memory for answers that waits to be used again, and for commands that have come in part.
        ("response_obj_count", all.exchanges),
        ("response_obj_bytes", all.exchanges_bytes),
        ("read_buf_count", all.gathering),
        ("read_buf_bytes", all.gathered_bytes),
        ("read_buf_bytes_free", all.gathered_bytes_max.saturating_sub(all.gathered_bytes)),
        ("read_buf_oom", all.gather_refusals),
        ("reserved_fds", DESCRIPTORS.load(Ordering::Relaxed) as u64),
    ]);
}

fn items(lines: &mut Lines<'_>, all: &Snapshot) {
    let store = &all.store;
    lines.push("hash_power_level", store.hash_buckets.max(1).ilog2());
    lines.push("hash_bytes", store.hash_bytes);
    lines.push("hash_is_expanding", 0);
    lines.push("slab_reassign_rescues", store.slab_reassign_rescues);
    // A page that changes classes does so at once.
    lines.all(
        ["chunk_rescues", "inline_reclaim", "busy_items", "busy_deletes", "busy_nomem"]
            .map(|name| (format!("slab_reassign_{name}"), 0)),
    );
    lines.push("slab_reassign_last_busy_status", "none");
    lines.push("slab_reassign_running", 0);
    lines.push("slabs_moved", store.slabs_moved);
    lines.push("lru_crawler_running", u8::from(all.is_crawling));
    lines.push("lru_crawler_starts", store.lru_crawler_starts);
    lines.all([
        ("lru_maintainer_juggles", 0),
        ("malloc_fails", 0),
        ("slab_global_page_pool", store.slab_global_page_pool),
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
        ("direct_reclaims", store.direct_reclaims),
        ("lru_bumps_dropped", 0),
    ]);
}

/// The budget of all shards.
pub(super) fn limit_maxbytes() -> usize {
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
