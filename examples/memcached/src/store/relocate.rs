//! Emptying a page: its items go to free chunks of their class in other pages.

use super::Store;
use super::classes::{PAGE_BYTES, SIZES, chunks_per_page, is_for_pieces};
use super::memory::{At, bits};

impl Store {
    /// Moves everything out of a page; false if somebody holds some of it or there is no place for it.
    pub(super) fn empty_page(&mut self, index: usize) -> bool {
        let page = &self.heap.pages[index];
        let class = usize::from(page.class.get());
        let live = usize::from(page.live.get());
        let class_pages = &self.heap.classes[class];
        let free =
            class_pages.pages.get() as usize * chunks_per_page(class) - class_pages.live.get() as usize;
        let free_elsewhere = free - (chunks_per_page(class) - live);
        if page.pinned.get() > 0 || free_elsewhere < live {
            return false;
        }
        self.heap.drain(index);
        let carved = usize::from(page.carved.get());
        for chunk in 0..carved {
            let from = At::new(index * PAGE_BYTES + chunk * SIZES[class]);
            let moved = if is_for_pieces(class) { self.move_piece(from) } else { self.move_item(from) };
            if !moved {
                self.heap.stop_draining(index);
                return false;
            }
            if self.heap.has_page() {
                return true;
            }
        }
        false
    }

    /// False if there is no place.
    fn move_item(&mut self, from: At) -> bool {
        let header = self.heap.header(from);
        if !header.has(bits::LINKED) {
            return true;
        }
        let hash = self.hash_of(from);
        if !self.is_live(header) {
            self.reclaim(from, hash);
            return true;
        }
        let class = usize::from(header.class.get());
        let Some(to) = self.heap.take_without_page(class) else { return false };
        self.heap.memory().copy(from.offset(), to.offset(), SIZES[class]);
        self.index.replace(&self.heap, from, to, hash);
        self.lists.relocated(&self.heap, to);
        self.heap.expect_expiry(to, header.expires.get());
        if header.has(bits::IN_PIECES) {
            let mut piece = self.heap.first_piece(to);
            while piece.exists() {
                self.heap.owner(piece).set(to);
                piece = self.heap.next_piece(piece).get();
            }
        }
        self.counters.items_moved += 1;
        self.heap.give(from);
        true
    }

    /// False if there is no place, or the item of the piece is held.
    fn move_piece(&mut self, from: At) -> bool {
        let owner = self.heap.owner(from).get();
        if !owner.exists() {
            return true;
        }
        let header = self.heap.header(owner);
        if header.pins.get() > 0 || !header.has(bits::LINKED) {
            return false;
        }
        let class = usize::from(self.heap.pages[from.page()].class.get());
        let Some(to) = self.heap.take_without_page(class) else { return false };
        self.heap.memory().copy(from.offset(), to.offset(), SIZES[class]);
        let mut before = self.heap.first_piece(owner);
        if before == from {
            self.heap.set_first_piece(owner, to);
        } else {
            while self.heap.next_piece(before).get() != from {
                before = self.heap.next_piece(before).get();
            }
            self.heap.next_piece(before).set(to);
        }
        self.counters.items_moved += 1;
        self.heap.give(from);
        true
    }
}
