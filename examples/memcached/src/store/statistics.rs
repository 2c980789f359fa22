//! Counting, under memcached's names.

use std::ops::AddAssign;

use super::Store;
use super::classes::{CLASSES, ITEM_CLASSES, SIZES, chunks_per_page, is_for_pieces};
use super::heap::LIST_OF_LARGE;
use super::lists::{COLD, HOT, LISTS, WARM};
use super::memory::{Header, bits};

/// A struct of sums, which are added field by field.
macro_rules! sums {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $field:ident,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name { $($(#[$doc])* pub $field: u64,)* }

        impl AddAssign for $name {
            fn add_assign(&mut self, other: $name) {
                $(self.$field += other.$field;)*
            }
        }
    };
}

sums! {
    /// Figures of a store; those of several shards can be added up.
    Statistics {
        /// Items that are there.
        curr_items,
        /// Items stored so far.
        total_items,
        /// Headers, keys and values of the items that are there.
        bytes,
        /// Items given up for others.
        evictions,
        /// Expired items that nobody had read.
        expired_unfetched,
        /// Items given up that nobody had read.
        evicted_unfetched,
        /// Items given up although they were read more than once of late.
        evicted_active,
        /// Expired items whose memory was taken back.
        reclaimed,
        /// Those of them that the crawler found.
        crawler_reclaimed,
        /// Items that the crawler looked at.
        crawler_items_checked,
        /// Items at the end of a list that somebody was reading.
        lrutail_reflocked,
        /// Items that went to the cold segment.
        moves_to_cold,
        /// Items that went to the warm segment.
        moves_to_warm,
        /// Items that went to the head of the warm segment again.
        moves_within_lru,
        /// Pages that went to another class.
        slabs_moved,
        /// Items that were copied to free a page.
        slab_reassign_rescues,
        /// What could not be stored for want of memory.
        outofmemory,
        /// Items that somebody asked for too late.
        get_expired,
        /// Items that somebody asked for and that were flushed.
        get_flushed,
        /// How often room had to be made before something could be stored.
        direct_reclaims,
        /// How often the crawler went out because something had expired.
        lru_crawler_starts,
        /// Pages that were used, are empty, and belong to no class.
        slab_global_page_pool,
        /// The budget.
        limit_maxbytes,
        /// What of it is taken from the system, by items and index.
        memory_used,
        /// What the index takes of it.
        hash_bytes,
        /// Buckets of the index.
        hash_buckets,
    }
}

sums! {
    /// Figures of one class.
    ClassCounters {
        /// Chunks in use.
        used_chunks,
        /// Pages.
        total_pages,
        /// Headers, keys and values of the items.
        mem_requested,
        /// Items.
        number,
        /// Items of the hot segment.
        number_hot,
        /// Items of the warm segment.
        number_warm,
        /// Items of the cold segment.
        number_cold,
        /// Items given up for others.
        evicted,
        /// Those of them that would have expired some day.
        evicted_nonzero,
        /// Those of them that nobody had read.
        evicted_unfetched,
        /// Those of them that were read more than once of late.
        evicted_active,
        /// What could not be stored for want of memory.
        outofmemory,
        /// Expired items whose memory was taken back.
        reclaimed,
        /// Those of them that nobody had read.
        expired_unfetched,
        /// Those of them that the crawler found.
        crawler_reclaimed,
        /// Items that the crawler looked at.
        crawler_items_checked,
        /// How often room was made by items of this list.
        direct_reclaims,
        /// Items at the end of the list that somebody was reading.
        lrutail_reflocked,
        /// Items that went to the cold segment.
        moves_to_cold,
        /// Items that went to the warm segment.
        moves_to_warm,
        /// Items that went to the head of the warm segment again.
        moves_within_lru,
    }
}

/// One class: figures of its chunks and of the list of its items.
#[derive(Clone, Copy, Debug)]
pub struct ClassStatistics {
    /// The number of the class, from 1.
    pub id: u8,
    /// Bytes of a chunk; 0 where the items have no chunks of one size.
    pub chunk_size: u64,
    /// Chunks in a page.
    pub chunks_per_page: u64,
    /// Seconds since the last access to the item that is next to go: of the cold, the hot, and the warm segment.
    pub ages: [u64; 3],
    /// Seconds since the last access to the item that went last.
    pub evicted_time: u64,
    /// What adds up.
    pub counters: ClassCounters,
}

impl AddAssign for ClassStatistics {
    /// Adds the same class of another shard.
    fn add_assign(&mut self, other: ClassStatistics) {
        self.ages = std::array::from_fn(|segment| self.ages[segment].max(other.ages[segment]));
        self.evicted_time = self.evicted_time.max(other.evicted_time);
        self.counters += other.counters;
    }
}

/// What is counted of one list.
#[derive(Clone, Copy, Default)]
pub struct ListCounters {
    pub bytes: u64,
    pub items: u64,
    /// Of these, what was flushed and has not been taken back.
    pub flushed_bytes: u64,
    pub flushed_items: u64,
    pub evicted: u64,
    pub evicted_nonzero: u64,
    pub evicted_time: u64,
    pub evicted_unfetched: u64,
    pub evicted_active: u64,
    pub outofmemory: u64,
    pub reclaimed: u64,
    pub expired_unfetched: u64,
    pub crawler_reclaimed: u64,
    pub crawler_items_checked: u64,
    pub direct_reclaims: u64,
    pub lrutail_reflocked: u64,
    pub moves_to_cold: u64,
    pub moves_to_warm: u64,
    pub moves_within_lru: u64,
}

impl ListCounters {
    pub fn reclaimed(&mut self, fetched: bool) {
        self.reclaimed += 1;
        self.expired_unfetched += u64::from(!fetched);
    }

    pub fn evicted(&mut self, header: &Header, now: u32) {
        self.evicted += 1;
        self.evicted_nonzero += u64::from(header.expires.get() != super::NEVER);
        self.evicted_time = now.saturating_sub(header.accessed.get()).into();
        self.evicted_unfetched += u64::from(!header.has(bits::FETCHED));
        self.evicted_active += u64::from(header.has(bits::ACTIVE));
    }
}

/// What is counted of a store.
pub struct Counters {
    lists: Box<[ListCounters; LISTS]>,
    pub total_items: u64,
    pub get_expired: u64,
    pub get_flushed: u64,
    pub direct_reclaims: u64,
    pub crawler_starts: u64,
    pub slabs_moved: u64,
    pub items_moved: u64,
}

impl Counters {
    pub fn new() -> Counters {
        Counters {
            lists: Box::new([ListCounters::default(); LISTS]),
            total_items: 0,
            get_expired: 0,
            get_flushed: 0,
            direct_reclaims: 0,
            crawler_starts: 0,
            slabs_moved: 0,
            items_moved: 0,
        }
    }

    pub fn list(&mut self, list: usize) -> &mut ListCounters {
        &mut self.lists[list]
    }

    pub fn linked(&mut self, list: usize, bytes: usize) {
        self.lists[list].items += 1;
        self.lists[list].bytes += bytes as u64;
    }

    pub fn unlinked(&mut self, list: usize, bytes: usize, flushed: bool) {
        let list = &mut self.lists[list];
        list.items -= 1;
        list.bytes -= bytes as u64;
        if flushed {
            list.flushed_items -= 1;
            list.flushed_bytes -= bytes as u64;
        }
    }

    /// All that is there is flushed.
    pub fn flushed(&mut self) {
        for list in self.lists.iter_mut() {
            (list.flushed_items, list.flushed_bytes) = (list.items, list.bytes);
        }
    }

    /// Begins to count again what has happened; what is there, is.
    pub fn reset(&mut self) {
        for list in self.lists.iter_mut() {
            let ListCounters { bytes, items, flushed_bytes, flushed_items, .. } = *list;
            *list = ListCounters { bytes, items, flushed_bytes, flushed_items, ..ListCounters::default() };
        }
        let Counters { lists, .. } = std::mem::replace(self, Counters::new());
        self.lists = lists;
    }

    pub fn resized(&mut self, list: usize, before: usize, after: usize) {
        self.lists[list].bytes = self.lists[list].bytes + after as u64 - before as u64;
    }
}

impl Store {
    /// The figures of this store.
    pub fn statistics(&self) -> Statistics {
        let counters = &self.counters;
        let sum = |field: fn(&ListCounters) -> u64| counters.lists.iter().map(field).sum();
        let (pages_used, _) = self.heap.page_counts();
        let hash_bytes = self.index.bytes() as u64;
        Statistics {
            curr_items: sum(|list| list.items - list.flushed_items),
            total_items: counters.total_items,
            bytes: sum(|list| list.bytes - list.flushed_bytes),
            evictions: sum(|list| list.evicted),
            expired_unfetched: sum(|list| list.expired_unfetched),
            evicted_unfetched: sum(|list| list.evicted_unfetched),
            evicted_active: sum(|list| list.evicted_active),
            reclaimed: sum(|list| list.reclaimed),
            crawler_reclaimed: sum(|list| list.crawler_reclaimed),
            crawler_items_checked: sum(|list| list.crawler_items_checked),
            lrutail_reflocked: sum(|list| list.lrutail_reflocked),
            moves_to_cold: sum(|list| list.moves_to_cold),
            moves_to_warm: sum(|list| list.moves_to_warm),
            moves_within_lru: sum(|list| list.moves_within_lru),
            slabs_moved: counters.slabs_moved,
            slab_reassign_rescues: counters.items_moved,
            outofmemory: sum(|list| list.outofmemory),
            get_expired: counters.get_expired,
            get_flushed: counters.get_flushed,
            direct_reclaims: counters.direct_reclaims,
            lru_crawler_starts: counters.crawler_starts,
            slab_global_page_pool: self.heap.pooled_pages() as u64,
            limit_maxbytes: self.settings.memory_bytes as u64,
            memory_used: (pages_used * super::classes::PAGE_BYTES) as u64 + hash_bytes,
            hash_bytes,
            hash_buckets: self.index.buckets() as u64,
        }
    }

    /// The figures of each class, all shards have the same: those of items in chunks, of items in pieces, of the pieces.
    pub fn classes(&self) -> impl Iterator<Item = ClassStatistics> {
        let items = (0..ITEM_CLASSES).map(|class| self.class(Some(class), Some(class)));
        let large = [self.class(None, Some(LIST_OF_LARGE))];
        let pieces =
            (0..CLASSES).filter(|class| is_for_pieces(*class)).map(|class| self.class(Some(class), None));
        let all = items.chain(large).chain(pieces);
        all.enumerate().map(|(index, class)| ClassStatistics { id: index as u8 + 1, ..class })
    }

    fn class(&self, class: Option<usize>, list: Option<usize>) -> ClassStatistics {
        let counted = list.map_or(ListCounters::default(), |list| self.counters.lists[list]);
        let items = |segment| list.map_or(0, |list| u64::from(self.lists.items(list, segment)));
        let age = |segment| {
            let oldest = list.and_then(|list| self.lists.oldest(list, segment));
            let age = oldest.map(|at| self.now.saturating_sub(self.heap.header(at).accessed.get()));
            u64::from(age.unwrap_or(0))
        };
        let pages = class.map(|class| &self.heap.classes[class]);
        ClassStatistics {
            id: 0,
            chunk_size: class.map_or(0, |class| SIZES[class] as u64),
            chunks_per_page: class.map_or(0, |class| chunks_per_page(class) as u64),
            ages: [age(COLD), age(HOT), age(WARM)],
            evicted_time: counted.evicted_time,
            counters: ClassCounters {
                used_chunks: pages.map_or(0, |pages| pages.live.get().into()),
                total_pages: pages.map_or(0, |pages| pages.pages.get().into()),
                mem_requested: counted.bytes - counted.flushed_bytes,
                number: counted.items - counted.flushed_items,
                number_hot: items(HOT),
                number_warm: items(WARM),
                number_cold: items(COLD),
                evicted: counted.evicted,
                evicted_nonzero: counted.evicted_nonzero,
                evicted_unfetched: counted.evicted_unfetched,
                evicted_active: counted.evicted_active,
                outofmemory: counted.outofmemory,
                reclaimed: counted.reclaimed,
                expired_unfetched: counted.expired_unfetched,
                crawler_reclaimed: counted.crawler_reclaimed,
                crawler_items_checked: counted.crawler_items_checked,
                direct_reclaims: counted.direct_reclaims,
                lrutail_reflocked: counted.lrutail_reflocked,
                moves_to_cold: counted.moves_to_cold,
                moves_to_warm: counted.moves_to_warm,
                moves_within_lru: counted.moves_within_lru,
            },
        }
    }
}
