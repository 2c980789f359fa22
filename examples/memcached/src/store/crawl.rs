//! Passing through all items, page by page: to take back what has expired, and to list them.

use super::Store;
use super::classes::{PAGE_BYTES, SIZES, is_for_pieces};
use super::item::Item;
use super::memory::{At, bits};
use super::pages::NO_CLASS;

/// Where a walk through all items is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cursor {
    page: usize,
    chunk: usize,
}

impl Store {
    /// Tells the time, in seconds that never go back. To be called about once a second.
    pub fn tick(&mut self, now: u32) {
        self.now = self.now.max(now);
        self.flush_when_due();
    }

    /// The second it is.
    pub fn now(&self) -> u32 {
        self.now
    }

    /// Takes back what is dead in one page; false when there is nothing to do for now.
    ///
    /// To be called while it returns true, with pauses, after each [`tick`](Self::tick).
    pub fn crawl(&mut self) -> bool {
        let pages = self.heap.pages.len();
        for _ in 0..pages {
            let page = self.crawled as usize;
            self.crawled = if page + 1 < pages { page as u32 + 1 } else { 0 };
            if self.heap.pages[page].soonest.get() <= self.now && self.crawl_page(page) {
                self.counters.crawler_starts += u64::from(!self.crawling);
                self.crawling = true;
                return true;
            }
        }
        self.crawling = false;
        false
    }

    /// Whether the crawler is under way.
    pub fn is_crawling(&self) -> bool {
        self.crawling
    }

    pub(super) fn crawl_all(&mut self) {
        for page in 0..self.heap.pages.len() {
            self.crawl_page(page);
        }
    }

    /// False if the page holds no items.
    fn crawl_page(&mut self, index: usize) -> bool {
        let page = &self.heap.pages[index];
        let class = page.class.get();
        page.soonest.set(u32::MAX);
        if class == NO_CLASS || is_for_pieces(class.into()) {
            return false;
        }
        let mut soonest = u32::MAX;
        for chunk in 0..usize::from(page.carved.get()) {
            let at = At::new(index * PAGE_BYTES + chunk * SIZES[usize::from(class)]);
            let header = self.heap.header(at);
            if !header.has(bits::LINKED) {
                continue;
            }
            let list = self.heap.list_of(header);
            self.counters.list(list).crawler_items_checked += 1;
            if self.is_live(header) {
                soonest = soonest.min(header.expires.get());
                continue;
            }
            self.counters.list(list).crawler_reclaimed += 1;
            self.reclaim(at, self.hash_of(at));
            if self.heap.pages[index].class.get() != class {
                return true;
            }
        }
        self.heap.expect_expiry(At::new(index * PAGE_BYTES), soonest);
        true
    }

    /// Shows up to `count` more items, all of them in the end except those that come and go meanwhile; false after the last.
    pub fn scan(&mut self, cursor: &mut Cursor, count: usize, mut each: impl FnMut(Item<'_>)) -> bool {
        let mut shown = 0;
        while let Some(page) = self.heap.pages.get(cursor.page) {
            let class = page.class.get();
            if class == NO_CLASS
                || is_for_pieces(class.into())
                || cursor.chunk >= usize::from(page.carved.get())
            {
                *cursor = Cursor { page: cursor.page + 1, chunk: 0 };
                continue;
            }
            if shown == count {
                return true;
            }
            let at = At::new(cursor.page * PAGE_BYTES + cursor.chunk * SIZES[usize::from(class)]);
            cursor.chunk += 1;
            let header = self.heap.header(at);
            if header.has(bits::LINKED) && self.is_live(header) {
                shown += 1;
                each(Item { store: self, at });
            }
        }
        false
    }
}
