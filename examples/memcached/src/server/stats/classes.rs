//! `stats items` and `stats slabs`: the classes of all shards, added up by their number.

use std::collections::BTreeMap;
use std::io;

use super::{Lines, Snapshot};
use crate::cache::OfClass;
use crate::server::shard::{Shard, ShardHandle};
use crate::store::ClassStatistics;

/// One class, of one shard or of several.
#[derive(Clone, Copy)]
pub(in crate::server) struct OfShard {
    store: ClassStatistics,
    asked: OfClass,
}

impl OfShard {
    /// The classes of this shard.
    pub(in crate::server) fn all(shard: &Shard) -> Vec<OfShard> {
        let cache = shard.cache.borrow();
        let all = cache.store.classes().map(|store| OfShard { store, asked: cache.classes.get(store.id) });
        all.collect()
    }
}

/// Asks all shards.
pub(super) async fn ask(shards: ShardHandle) -> io::Result<BTreeMap<u8, OfShard>> {
    let mut classes = BTreeMap::<u8, OfShard>::new();
    for shard in 0..seastar::shard_count() {
        for class in shards.classes_of(shard).await? {
            let add = |sum: &mut OfShard| {
                sum.store += class.store;
                sum.asked += class.asked;
            };
            classes.entry(class.store.id).and_modify(add).or_insert(class);
        }
    }
    Ok(classes)
}

pub(super) fn push_items(lines: &mut Lines<'_>, classes: &BTreeMap<u8, OfShard>) {
    for (id, OfShard { store, asked }) in classes {
        let counters = &store.counters;
        if counters.number == 0 {
            continue;
        }
        let [age, age_hot, age_warm] = store.ages;
        lines.all(
            [
                ("number", counters.number),
                ("number_hot", counters.number_hot),
                ("number_warm", counters.number_warm),
                ("number_cold", counters.number_cold),
                ("age_hot", age_hot),
                ("age_warm", age_warm),
                ("age", age),
                ("mem_requested", counters.mem_requested),
                ("evicted", counters.evicted),
                ("evicted_nonzero", counters.evicted_nonzero),
                ("evicted_time", store.evicted_time),
                ("outofmemory", counters.outofmemory),
                ("tailrepairs", 0),
                ("reclaimed", counters.reclaimed),
                ("expired_unfetched", counters.expired_unfetched),
                ("evicted_unfetched", counters.evicted_unfetched),
                ("evicted_active", counters.evicted_active),
                ("crawler_reclaimed", counters.crawler_reclaimed),
                ("crawler_items_checked", counters.crawler_items_checked),
                ("lrutail_reflocked", counters.lrutail_reflocked),
                ("moves_to_cold", counters.moves_to_cold),
                ("moves_to_warm", counters.moves_to_warm),
                ("moves_within_lru", counters.moves_within_lru),
                ("direct_reclaims", counters.direct_reclaims),
                ("hits_to_hot", asked.hits[0]),
                ("hits_to_warm", asked.hits[1]),
                ("hits_to_cold", asked.hits[2]),
                ("hits_to_temp", 0),
            ]
            .map(|(name, value)| (format!("items:{id}:{name}"), value)),
        );
    }
}

pub(super) fn push_slabs(lines: &mut Lines<'_>, classes: &BTreeMap<u8, OfShard>, all: &Snapshot) {
    let mut active = 0;
    for (id, OfShard { store, asked }) in classes {
        let counters = &store.counters;
        if counters.total_pages == 0 && *asked == OfClass::default() {
            continue;
        }
        active += 1;
        let total_chunks = counters.total_pages * store.chunks_per_page;
        lines.all(
            [
                ("chunk_size", store.chunk_size),
                ("chunks_per_page", store.chunks_per_page),
                ("total_pages", counters.total_pages),
                ("total_chunks", total_chunks),
                ("used_chunks", counters.used_chunks),
                ("free_chunks", total_chunks.saturating_sub(counters.used_chunks)),
                ("free_chunks_end", 0),
                ("mem_requested", counters.mem_requested),
                ("get_hits", asked.get_hits()),
                ("cmd_set", asked.cmd_set),
                ("delete_hits", asked.delete_hits),
                ("incr_hits", asked.incr_hits),
                ("decr_hits", asked.decr_hits),
                ("cas_hits", asked.cas_hits),
                ("cas_badval", asked.cas_badval),
                ("touch_hits", asked.touch_hits),
            ]
            .map(|(name, value)| (format!("{id}:{name}"), value)),
        );
    }
    lines.push("active_slabs", active);
    lines.push("total_malloced", all.store.memory_used);
}
