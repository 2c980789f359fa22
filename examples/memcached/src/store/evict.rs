//! Which items go when memory is short: the end of the class's own list, or, if those of another class were not used for
//! clearly longer, as many of them as fill a page, and the page changes classes.

use super::Store;
use super::classes::{PAGE_BYTES, is_for_pieces};
use super::heap::LIST_OF_LARGE;
use super::lists::{COLD, HOT, LISTS, WARM};
use super::memory::{At, Header, bits};

/// Items at the end of a list that are spared because they are in use, before one is not.
const SPARED_MAX: usize = 60;
/// Items that somebody reads, at the end of a list, before it counts as having none.
const HELD_MAX: usize = 16;
/// Moves to smaller segments for each item that goes: more than one, so that segments shrink.
const MOVES_PER_EVICTION: usize = 2;
/// How often room is made from the eldest list that is known before it is looked for again.
const LOOKS_MAX: u32 = 64;

/// The list whose end was not used for longest, as far as is known.
#[derive(Default)]
pub struct Eldest {
    list: Option<usize>,
    looks_left: u32,
}

impl Store {
    /// A chunk of a class that has none, and there is no page.
    #[cold]
    pub(super) fn make_room(&mut self, class: usize) -> Option<At> {
        let own = if is_for_pieces(class) { LIST_OF_LARGE } else { class };
        self.counters.direct_reclaims += 1;
        if !self.settings.evict {
            return self.make_room_from_dead(own, class);
        }
        const { assert!(LISTS <= u128::BITS as usize) };
        let mut failed = 0u128;
        while failed.count_ones() < LISTS as u32 {
            let own_failed = failed & 1 << own != 0;
            let eldest = self.eldest(failed | 1 << own);
            let list = match eldest {
                _ if !own_failed && self.is_own_turn(own, eldest) => own,
                Some(eldest) => eldest,
                None => break,
            };
            let done = match list == own && !is_for_pieces(class) {
                true => self.evict(own).is_some(),
                false => self.free_page_from(list),
            };
            if let Some(at) = self.heap.take(class) {
                return Some(at);
            }
            // An item whose readers still hold its chunk frees nothing.
            if !done || list == own {
                failed |= 1 << list;
                self.eldest.list = None;
            }
        }
        self.counters.list(own).outofmemory += 1;
        None
    }

    /// Without eviction: only what has expired goes.
    fn make_room_from_dead(&mut self, own: usize, class: usize) -> Option<At> {
        for segment in [COLD, WARM, HOT] {
            while let Some(at) = self.lists.oldest(own, segment)
                && !self.is_live(self.heap.header(at))
            {
                self.reclaim(at, self.hash_of(at));
                if let Some(at) = self.heap.take(class) {
                    return Some(at);
                }
            }
        }
        self.counters.list(own).outofmemory += 1;
        None
    }

    /// Whether the class that needs room gives it itself.
    fn is_own_turn(&self, own: usize, eldest: Option<usize>) -> bool {
        let end = |list| self.lists.end(list).map(|at| self.heap.header(at));
        match (end(own), eldest.and_then(end)) {
            (Some(own), Some(other)) => !self.is_clearly_older(other, own),
            (own, other) => own.is_some() || other.is_none(),
        }
    }

    /// By more than a quarter, so that pages do not go to and fro.
    fn is_clearly_older(&self, other: &Header, own: &Header) -> bool {
        let seconds = |header: &Header| u64::from(self.now.saturating_sub(header.accessed.get()));
        let writes = |header: &Header| self.last_cas.saturating_sub(header.cas());
        match seconds(other) == seconds(own) {
            true => writes(other) > writes(own) + writes(own) / 4,
            false => seconds(other) > seconds(own) + seconds(own) / 4,
        }
    }

    /// The list whose end was not used for longest, `without` some of them.
    fn eldest(&mut self, without: u128) -> Option<usize> {
        let allowed = |list: &usize| without & 1 << *list == 0;
        let known = self.eldest.list.filter(allowed).filter(|list| self.lists.end(*list).is_some());
        if known.is_some() && self.eldest.looks_left > 0 {
            self.eldest.looks_left -= 1;
            return known;
        }
        let age = |list: usize| {
            let header = self.heap.header(self.lists.end(list)?);
            Some((header.accessed.get(), header.cas(), list))
        };
        let found = (0..LISTS).filter(allowed).filter_map(age).min().map(|(_, _, list)| list);
        self.eldest = Eldest { list: found, looks_left: LOOKS_MAX };
        found
    }

    /// Frees a page of those that the items of a list lie in.
    pub(super) fn free_page_from(&mut self, list: usize) -> bool {
        self.heap.watch();
        let mut bytes = 0;
        while bytes < PAGE_BYTES {
            let Some(freed) = self.evict(list) else { break };
            if self.heap.has_page() {
                self.counters.slabs_moved += 1;
                return true;
            }
            bytes += freed;
        }
        let freed = self.heap.emptiest().is_some_and(|page| self.empty_page(page));
        self.counters.slabs_moved += u64::from(freed);
        freed
    }

    /// Gives a page of items to the index, which then may grow.
    pub(super) fn cede_page_to_index(&mut self) -> bool {
        if !self.heap.has_page() {
            let eldest = self.settings.evict.then(|| self.eldest(0)).flatten();
            if !eldest.is_some_and(|list| self.free_page_from(list)) {
                return false;
            }
        }
        self.index.add_page() && self.heap.cede_page()
    }

    /// Lets go of the item whose turn it is, and says how large its chunks are, about.
    fn evict(&mut self, list: usize) -> Option<usize> {
        for _ in 0..MOVES_PER_EVICTION {
            self.shrink_segment(list);
        }
        for spared in 0..SPARED_MAX + HELD_MAX {
            let at = self.lists.end(list)?;
            let header = self.heap.header(at);
            if header.pins.get() > 0 {
                self.counters.list(list).lrutail_reflocked += 1;
                self.lists.move_to(&self.heap, at, HOT);
                continue;
            }
            let bytes = self.heap.item_chunk_bytes(header);
            self.counters.list(list).direct_reclaims += 1;
            if !self.is_live(header) {
                self.reclaim(at, self.hash_of(at));
                return Some(bytes);
            }
            if header.has(bits::ACTIVE) && spared < SPARED_MAX {
                self.counters.list(list).moves_to_warm += 1;
                self.lists.move_to(&self.heap, at, WARM);
                continue;
            }
            self.counters.list(list).evicted(header, self.now);
            self.unlink(at, self.hash_of(at));
            return Some(bytes);
        }
        None
    }

    fn shrink_segment(&mut self, list: usize) {
        let Some(segment) = self.lists.overfull(list) else { return };
        let Some(at) = self.lists.oldest(list, segment) else { return };
        let active = self.heap.header(at).has(bits::ACTIVE);
        let counters = self.counters.list(list);
        match (active, segment) {
            (true, HOT) => counters.moves_to_warm += 1,
            (true, _) => counters.moves_within_lru += 1,
            (false, _) => counters.moves_to_cold += 1,
        }
        self.lists.move_to(&self.heap, at, if active { WARM } else { COLD });
    }
}
