//! The items of each class by age, in three segments: HOT for new ones, COLD for those that nobody asked for, WARM for those that
//! were asked for. An access only marks an item; it moves when the end of its segment is looked at.

use super::classes::ITEM_CLASSES;
use super::heap::{Heap, LIST_OF_LARGE};
use super::memory::{At, bits};

/// One list for each class, and one for items in pieces.
pub const LISTS: usize = ITEM_CLASSES + 1;

pub const HOT: usize = 0;
pub const WARM: usize = 1;
pub const COLD: usize = 2;

/// Most of a list that may be hot; what is neither hot nor warm is cold.
pub const HOT_PERCENT_MAX: u64 = 20;
/// Most of a list that may be warm.
pub const WARM_PERCENT_MAX: u64 = 40;

#[derive(Clone, Copy)]
struct Segment {
    newest: At,
    oldest: At,
    items: u32,
}

/// All lists.
pub struct Lists {
    segments: [[Segment; 3]; LISTS],
}

impl Lists {
    pub fn new() -> Lists {
        let empty = Segment { newest: At::NOWHERE, oldest: At::NOWHERE, items: 0 };
        const { assert!(LIST_OF_LARGE == LISTS - 1) };
        Lists { segments: [[empty; 3]; LISTS] }
    }

    /// Puts an item at the head of a segment.
    pub fn insert(&mut self, heap: &Heap, at: At, segment: usize) {
        let header = heap.header(at);
        header.clear(bits::SEGMENT | bits::ACTIVE);
        header.set(segment as u16);
        let list = &mut self.segments[heap.list_of(header)][segment];
        header.newer.set(At::NOWHERE);
        header.older.set(list.newest);
        match list.newest {
            At::NOWHERE => list.oldest = at,
            newest => heap.header(newest).newer.set(at),
        }
        list.newest = at;
        list.items += 1;
    }

    pub fn remove(&mut self, heap: &Heap, at: At) {
        let header = heap.header(at);
        let list = &mut self.segments[heap.list_of(header)][usize::from(header.bits.get() & bits::SEGMENT)];
        let (older, newer) = (header.older.get(), header.newer.get());
        match newer {
            At::NOWHERE => list.newest = older,
            newer => heap.header(newer).older.set(older),
        }
        match older {
            At::NOWHERE => list.oldest = newer,
            older => heap.header(older).newer.set(newer),
        }
        list.items -= 1;
    }

    /// Moves an item to the head of a segment of its list.
    pub fn move_to(&mut self, heap: &Heap, at: At, segment: usize) {
        self.remove(heap, at);
        self.insert(heap, at, segment);
    }

    /// Tells the neighbours of an item that it is at `new` now; its header was copied there.
    pub fn relocated(&mut self, heap: &Heap, new: At) {
        let header = heap.header(new);
        let list = &mut self.segments[heap.list_of(header)][usize::from(header.bits.get() & bits::SEGMENT)];
        match header.newer.get() {
            At::NOWHERE => list.newest = new,
            newer => heap.header(newer).older.set(new),
        }
        match header.older.get() {
            At::NOWHERE => list.oldest = new,
            older => heap.header(older).newer.set(new),
        }
    }

    /// The item at the end of a segment.
    #[inline]
    pub fn oldest(&self, list: usize, segment: usize) -> Option<At> {
        let oldest = self.segments[list][segment].oldest;
        oldest.exists().then_some(oldest)
    }

    /// The item that is next to go, if nothing is moved before.
    pub fn end(&self, list: usize) -> Option<At> {
        [COLD, HOT, WARM].into_iter().find_map(|segment| self.oldest(list, segment))
    }

    pub fn items(&self, list: usize, segment: usize) -> u32 {
        self.segments[list][segment].items
    }

    /// A segment that is too large for its list.
    pub fn overfull(&self, list: usize) -> Option<usize> {
        let [hot, warm, cold] = self.segments[list].map(|segment| u64::from(segment.items));
        let all = hot + warm + cold;
        if hot * 100 > all * HOT_PERCENT_MAX {
            return Some(HOT);
        }
        (warm * 100 > all * WARM_PERCENT_MAX).then_some(WARM)
    }
}
