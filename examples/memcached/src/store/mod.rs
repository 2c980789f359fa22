//! What is stored: the items of one shard, within a budget, the least recently used given up first.
//!
//! Items lie in chunks of their size class, chunks in pages of 64 KiB, pages in one mapping of the shard's own. A page goes to
//! another class when that one's items are clearly younger, so a change of sizes does not strand memory. Values that
//! do not fit a chunk lie in a chain of pieces. Nothing here waits, reads a clock or allocates after [`Store::new`].

mod allocate;
mod arithmetic;
mod classes;
mod clock;
mod crawl;
mod evict;
mod heap;
mod index;
mod item;
mod key;
mod lists;
mod memory;
mod pages;
mod relocate;
mod reservation;
mod statistics;
mod value;
mod write;

#[cfg(test)]
mod tests;

use std::io;
use std::rc::Rc;

pub use arithmetic::{Arithmetic, Arithmetical};
pub use classes::{CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, growth_factor};
pub use clock::Clock;
pub use crawl::Cursor;
pub use item::Item;
pub use key::{KEY_BYTES_MAX, Key, KeyHasher};
pub use lists::{HOT_PERCENT_MAX, WARM_PERCENT_MAX};
pub use reservation::Reservation;
pub use statistics::{ClassStatistics, Statistics};
pub use value::Value;
pub use write::{Mode, New, Stored};

use heap::Heap;
use index::Index;
use lists::Lists;
use memory::{At, Header, bits};
use statistics::Counters;

/// The largest value and key, unless told otherwise.
pub const ITEM_BYTES_MAX_DEFAULT: usize = 1 << 20;

/// What a store is made with.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Bytes of everything: items, index, tables.
    pub memory_bytes: usize,
    /// The largest key and value together.
    pub item_bytes_max: usize,
    /// Whether items are given up for new ones; else what does not fit is refused.
    pub evict: bool,
}

/// The items of one shard.
pub struct Store {
    heap: Rc<Heap>,
    index: Index,
    lists: Lists,
    hasher: KeyHasher,
    settings: Settings,
    now: u32,
    /// Items of other epochs are flushed.
    epoch: u16,
    /// When the epoch ends; [`NEVER`] if nobody asked.
    flush_at: u32,
    /// When the last one ended, or 0.
    flushed_at: u32,
    last_cas: u64,
    /// Where the crawler goes on.
    crawled: u32,
    crawling: bool,
    eldest: evict::Eldest,
    counters: Counters,
}

/// Of an item that does not expire.
const NEVER: u32 = u32::MAX;
/// An epoch that no item is of.
const NO_EPOCH: u16 = 0;

impl Store {
    /// An empty store. Its memory is taken from the system as it fills.
    ///
    /// # Errors
    ///
    /// Those of mmap(2), and when `memory_bytes` is below one MiB or above 32 GiB.
    pub fn new(settings: Settings, hasher: KeyHasher) -> io::Result<Store> {
        let heap = Heap::new(settings.memory_bytes)?;
        let index = Index::new(settings.memory_bytes, &heap)?;
        Ok(Store {
            heap: Rc::new(heap),
            index,
            lists: Lists::new(),
            hasher,
            settings,
            now: Clock::START,
            epoch: NO_EPOCH + 1,
            flush_at: NEVER,
            flushed_at: 0,
            last_cas: 0,
            crawled: 0,
            crawling: false,
            eldest: evict::Eldest::default(),
            counters: Counters::new(),
        })
    }

    /// Finds an item and counts that as an access to it.
    #[inline]
    pub fn get(&mut self, key: Key<'_>) -> Option<Item<'_>> {
        let item = self.find(key)?;
        item.mark_used();
        Some(item)
    }

    /// Finds an item.
    #[inline]
    pub fn find(&mut self, key: Key<'_>) -> Option<Item<'_>> {
        let at = self.locate(key)?;
        Some(Item { store: self, at })
    }

    /// The next unique number for [`Item::set_cas`].
    pub fn next_cas(&mut self) -> u64 {
        self.last_cas += 1;
        self.last_cas
    }

    /// Forgets an item; false if there is none.
    pub fn delete(&mut self, key: Key<'_>) -> bool {
        self.remove(key).is_some()
    }

    /// Forgets an item and says which class it had; `None` if there is none.
    pub fn remove(&mut self, key: Key<'_>) -> Option<u8> {
        let at = self.locate(key)?;
        let class_id = Item { store: self, at }.class_id();
        self.unlink(at, key.hash());
        Some(class_id)
    }

    /// The class of a new item with such a key and value.
    pub fn class_of(key_bytes: usize, value_bytes: usize) -> u8 {
        let (class, in_pieces) = Heap::class_for(key_bytes, value_bytes);
        (if in_pieces { heap::LIST_OF_LARGE } else { class }) as u8 + 1
    }

    /// Begins to count again what has happened.
    pub fn reset_counters(&mut self) {
        self.counters.reset();
    }

    /// Forgets all items that are there at `at`, which may have come already. A later call replaces one whose time has not come.
    pub fn flush_all(&mut self, at: u32) {
        self.flush_at = at;
        self.flush_when_due();
    }

    /// When all items were forgotten last, or 0.
    pub fn flushed_at(&self) -> u32 {
        self.flushed_at
    }

    fn flush_when_due(&mut self) {
        if self.flush_at > self.now {
            return;
        }
        self.flush_at = NEVER;
        self.flushed_at = self.now;
        self.epoch = self.epoch.wrapping_add(1);
        self.counters.flushed();
        self.heap.hasten_crawler();
        if self.epoch == NO_EPOCH {
            // Once in 65,535 times, because what was flushed so many times ago would be back.
            self.crawl_all();
            self.epoch += 1;
        }
    }

    /// Where the item is, unless it has expired or was flushed; then its memory is taken back.
    #[inline]
    fn locate(&mut self, key: Key<'_>) -> Option<At> {
        let at = self.index.find(&self.heap, key)?;
        if self.is_live(self.heap.header(at)) {
            return Some(at);
        }
        self.miss(at, key.hash());
        None
    }

    /// Somebody asked for a dead item.
    #[cold]
    fn miss(&mut self, at: At, hash: u64) {
        let counter = match self.is_flushed(self.heap.header(at)) {
            true => &mut self.counters.get_flushed,
            false => &mut self.counters.get_expired,
        };
        *counter += 1;
        self.reclaim(at, hash);
    }

    fn is_flushed(&self, header: &Header) -> bool {
        header.epoch.get() != self.epoch
    }

    #[inline]
    fn is_live(&self, header: &Header) -> bool {
        header.expires.get() > self.now && header.epoch.get() == self.epoch
    }

    /// Takes the memory of a dead item back.
    #[cold]
    fn reclaim(&mut self, at: At, hash: u64) {
        let header = self.heap.header(at);
        self.counters.list(self.heap.list_of(header)).reclaimed(header.has(bits::FETCHED));
        self.unlink(at, hash);
    }

    /// Takes an item out of the index and its list. Its memory is free at once, or when the last reader goes.
    fn unlink(&mut self, at: At, hash: u64) {
        self.index.remove(&self.heap, at, hash);
        self.lists.remove(&self.heap, at);
        let header = self.heap.header(at);
        let flushed = self.is_flushed(header);
        self.counters.unlinked(self.heap.list_of(header), self.heap.item_bytes(header), flushed);
        header.clear(bits::LINKED);
        if header.pins.get() == 0 {
            self.heap.free_item(at);
        }
    }

    /// Puts a complete item, whose key is not in the index, there and at the head of its list.
    fn link(&mut self, at: At, hash: u64) {
        let header = self.heap.header(at);
        header.accessed.set(self.now);
        header.epoch.set(self.epoch);
        header.set(bits::LINKED);
        self.heap.expect_expiry(at, header.expires.get());
        self.counters.linked(self.heap.list_of(header), self.heap.item_bytes(header));
        self.index.insert(&self.heap, at, hash);
        self.lists.insert(&self.heap, at, lists::HOT);
    }

    /// To be called while nothing is between being found and being used: items may move.
    #[inline]
    fn grow_if_wanted(&mut self) {
        if self.index.wants_growth() {
            self.grow_index();
        }
    }

    #[cold]
    fn grow_index(&mut self) {
        if self.index.is_at_end() && !self.cede_page_to_index() {
            return;
        }
        self.index.split(&self.heap, &self.hasher);
    }

    fn hash_of(&self, at: At) -> u64 {
        self.heap.with_key(at, |key| self.hasher.hash(key))
    }
}
