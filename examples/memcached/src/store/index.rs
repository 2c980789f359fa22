//! The hash index: buckets of chained items, growing by one bucket at a time.
//!
//! Linear hashing: the table is as long as there are items, and when one comes, one bucket is split in two. So no operation
//! pays for the growth of the whole, and nothing is moved.

use std::io;

use super::classes::PAGE_BYTES;
use super::heap::Heap;
use super::key::{Key, KeyHasher};
use super::memory::{At, Memory};

const BUCKETS_PER_PAGE: usize = PAGE_BYTES / size_of::<At>();
const BUCKETS_START: usize = BUCKETS_PER_PAGE;
/// No budget holds more items than this share of its bytes: a chunk and a bucket are larger.
const BYTES_PER_ITEM_MIN: usize = 52;

/// Finds items by key.
pub struct Index {
    table: Memory,
    table_pages_max: usize,
    /// Buckets in use.
    count: usize,
    /// The largest power of two that is not above `count`.
    round: usize,
    items: usize,
    /// Pages of the budget that the table has taken.
    pages: usize,
}

impl Index {
    /// An index for all items that fit `budget` bytes; takes its first page from `heap`.
    pub fn new(budget: usize, heap: &Heap) -> io::Result<Index> {
        let table_pages_max = (budget / BYTES_PER_ITEM_MIN).div_ceil(BUCKETS_PER_PAGE).max(1);
        let index = Index {
            table: Memory::reserve(table_pages_max * PAGE_BYTES)?,
            table_pages_max,
            count: BUCKETS_START,
            round: BUCKETS_START,
            items: 0,
            pages: 1,
        };
        heap.cede_page();
        Ok(index)
    }

    #[inline]
    fn bucket(&self, hash: u64) -> usize {
        let hash = hash as u32 as usize;
        let bucket = hash & (2 * self.round - 1);
        if bucket < self.count { bucket } else { bucket & (self.round - 1) }
    }

    #[inline]
    pub fn find(&self, heap: &Heap, key: Key<'_>) -> Option<At> {
        let mut at = self.table.word(self.bucket(key.hash())).get();
        while at.exists() {
            let header = heap.header(at);
            if usize::from(header.key_bytes.get()) == key.bytes().len()
                && heap.with_key(at, |bytes| bytes == key.bytes())
            {
                return Some(at);
            }
            at = header.next.get();
        }
        None
    }

    /// Adds an item whose key is not there.
    #[inline]
    pub fn insert(&mut self, heap: &Heap, at: At, hash: u64) {
        let first = self.table.word(self.bucket(hash));
        heap.header(at).next.set(first.replace(at));
        self.items += 1;
    }

    pub fn remove(&mut self, heap: &Heap, at: At, hash: u64) {
        self.replace(heap, at, heap.header(at).next.get(), hash);
        self.items -= 1;
    }

    /// Puts `new` where `old`, which is there, was.
    pub fn replace(&self, heap: &Heap, old: At, new: At, hash: u64) {
        let mut link = self.table.word(self.bucket(hash));
        while link.get() != old {
            link = &heap.header(link.get()).next;
        }
        link.set(new);
    }

    #[inline]
    pub fn wants_growth(&self) -> bool {
        self.items > self.count
    }

    /// Whether growing takes another page.
    pub fn is_at_end(&self) -> bool {
        self.count == self.pages * BUCKETS_PER_PAGE
    }

    /// Lets the table be a page longer, if it may ever be.
    pub fn add_page(&mut self) -> bool {
        let grows = self.pages < self.table_pages_max;
        self.pages += usize::from(grows);
        grows
    }

    /// Adds a bucket: moves those items to it that belong there, out of the bucket at a power of two before.
    pub fn split(&mut self, heap: &Heap, hasher: &KeyHasher) {
        let (new, old) = (self.count, self.count - self.round);
        self.count += 1;
        if self.count == 2 * self.round {
            self.round = self.count;
        }
        let mut at = self.table.word(old).replace(At::NOWHERE);
        while at.exists() {
            let next = &heap.header(at).next;
            let hash = heap.with_key(at, |key| hasher.hash(key));
            let first = self.table.word(self.bucket(hash));
            debug_assert!([old, new].contains(&self.bucket(hash)));
            at = next.replace(first.replace(at));
        }
    }

    pub fn buckets(&self) -> usize {
        self.count
    }

    /// Bytes of the budget that the table takes.
    pub fn bytes(&self) -> usize {
        self.pages * PAGE_BYTES
    }
}
