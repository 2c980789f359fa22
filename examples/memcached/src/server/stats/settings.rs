//! `stats settings`: the options, and how this server is where memcached has an option for that.

use std::net::SocketAddr;

use super::Lines;
use super::general::limit_maxbytes;
use crate::server::shard::Shard;
use crate::store::{CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, HOT_PERCENT_MAX, WARM_PERCENT_MAX, growth_factor};

pub(super) fn push(shard: &Shard, lines: &mut Lines<'_>) {
    let settings = &shard.settings;
    let port = |addresses: &[SocketAddr]| addresses.first().map_or(0, SocketAddr::port);
    let yes = |is: bool| if is { "yes" } else { "no" };
    lines.push("maxbytes", limit_maxbytes());
    lines.push("maxconns", settings.connections_max);
    lines.push("tcpport", port(&settings.tcp));
    lines.push("udpport", port(&settings.udp));
    lines.push("inter", settings.inter.as_deref().unwrap_or("NULL"));
    lines.push("verbosity", settings.verbosity);
    lines.push("oldest", shard.cache.borrow().flushed_at());
    lines.push("evictions", if settings.evicts { "on" } else { "off" });
    match &settings.unix {
        Some(path) => lines.push("domain_socket", path.display()),
        None => lines.push("domain_socket", "NULL"),
    }
    lines.push("umask", format_args!("{:o}", settings.unix_mask));
    lines.push("shutdown_command", yes(settings.shuts_down));
    lines.push("growth_factor", format_args!("{:.2}", growth_factor()));
    lines.push("chunk_size", CHUNK_BYTES_MIN);
    lines.push("num_threads", seastar::shard_count());
    lines.push("num_threads_per_udp", seastar::shard_count());
    lines.push("stat_key_prefix", char::from(settings.prefix_end));
    lines.push("detail_enabled", yes(shard.cache.borrow().counts_prefixes()));
    lines.push("cas_enabled", "yes");
    lines.push("tcp_backlog", settings.backlog);
    lines.push("binding_protocol", "ascii");
    lines.push("auth_enabled_sasl", "no");
    lines.push("auth_enabled_ascii", "no");
    lines.push("item_size_max", settings.item_bytes_max);
    lines.push("maxconns_fast", "yes");
    lines.push("hashpower_init", 0);
    lines.push("slab_reassign", "yes");
    lines.push("slab_automove", 1);
    lines.push("slab_chunk_max", CHUNK_BYTES_MAX);
    lines.push("lru_crawler", "yes");
    lines.push("lru_crawler_sleep", 0);
    lines.push("lru_crawler_tocrawl", 0);
    lines.push("tail_repair_time", 0);
    lines.push("flush_enabled", yes(settings.flushes));
    lines.push("dump_enabled", yes(settings.dumps));
    lines.push("hash_algorithm", "ahash");
    // The segments are kept when something is stored, not by a thread.
    lines.push("lru_maintainer_thread", "no");
    lines.push("lru_segmented", "yes");
    lines.push("hot_lru_pct", HOT_PERCENT_MAX);
    lines.push("warm_lru_pct", WARM_PERCENT_MAX);
    lines.push("temp_lru", "no");
    lines.push("idle_timeout", settings.idle_timeout.map_or(0, |limit| limit.as_secs()));
    lines.push("track_sizes", "no");
    lines.push("inline_ascii_response", "no");
    lines.push("num_napi_ids", 0);
    lines.push("memory_file", "(null)");
    lines.push("client_flags_size", size_of::<u32>());
}
