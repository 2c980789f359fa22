//! Whether everything in a store fits together.

use std::collections::HashSet;

use crate::store::classes::{CLASSES, SIZES, chunks_per_page, is_for_pieces};
use crate::store::lists::LISTS;
use crate::store::memory::{At, bits};
use crate::store::pages::NO_CLASS;
use crate::store::*;

/// Panics if index, lists, pages and counters disagree. Nothing may be pinned.
pub fn verify(store: &Store) {
    let heap = &store.heap;
    let mut chunks = HashSet::new();
    let mut add = |at: At, class: usize| {
        let page = &heap.pages[at.page()];
        assert_eq!(usize::from(page.class.get()), class);
        let within = at.offset() % classes::PAGE_BYTES;
        assert_eq!(within % SIZES[class], 0);
        assert!(within / SIZES[class] < page.carved.get().into());
        assert!(chunks.insert(at.offset()), "a chunk has two users");
    };
    let mut items = 0;
    let mut bytes = 0;
    for list in 0..LISTS {
        for segment in [lists::HOT, lists::WARM, lists::COLD] {
            let mut count = 0;
            let mut newer = At::NOWHERE;
            let mut at = store.lists.oldest(list, segment).unwrap_or(At::NOWHERE);
            while at.exists() {
                let header = heap.header(at);
                assert!(header.has(bits::LINKED));
                assert_eq!(header.pins.get(), 0);
                assert_eq!(heap.list_of(header), list);
                assert_eq!(header.older.get(), newer);
                assert!(heap.pages[at.page()].soonest.get() <= header.expires.get());
                let found = heap.with_key(at, |bytes| store.index.find(heap, store.hasher.key(bytes)));
                assert_eq!(found, Some(at), "an item cannot be found");
                add(at, header.class.get().into());
                if header.has(bits::IN_PIECES) {
                    let mut left = header.value_bytes.get() as usize;
                    let mut piece = heap.first_piece(at);
                    while piece.exists() {
                        assert_eq!(heap.owner(piece).get(), at);
                        let here = left.min(heap::PIECE_BYTES_MAX);
                        add(piece, classes::piece_class(here + heap::PIECE_HEADER_BYTES));
                        left -= here;
                        piece = heap.next_piece(piece).get();
                    }
                    assert_eq!(left, 0);
                }
                if !store.is_flushed(header) {
                    bytes += heap.item_bytes(header);
                    items += 1;
                }
                count += 1;
                newer = at;
                at = header.newer.get();
            }
            assert_eq!(store.lists.items(list, segment), count);
        }
    }
    let mut pages_used = 0;
    for class in 0..CLASSES {
        let pages = heap.pages.iter().filter(|page| usize::from(page.class.get()) == class);
        let (mut count, mut live) = (0, 0);
        for page in pages {
            count += 1;
            live += u32::from(page.live.get());
            assert!(page.live.get() > 0 && usize::from(page.carved.get()) <= chunks_per_page(class));
            assert!(!page.draining.get() && page.pinned.get() == 0);
        }
        assert_eq!(heap.classes[class].pages.get(), count);
        assert_eq!(heap.classes[class].live.get(), live);
        pages_used += count as usize;
    }
    let live: usize = heap.pages.iter().map(|page| usize::from(page.live.get())).sum();
    assert_eq!(live, chunks.len(), "a chunk has no user");
    let unused = heap.pages.iter().filter(|page| page.class.get() == NO_CLASS).count();
    assert_eq!(unused + pages_used, heap.pages.len());
    let (used, left) = heap.page_counts();
    let table_pages = store.index.bytes() / classes::PAGE_BYTES;
    assert_eq!(used + left + table_pages + 1, heap.pages.len());
    let statistics = store.statistics();
    assert_eq!(statistics.curr_items, items);
    assert_eq!(statistics.bytes, bytes as u64);
    assert!(statistics.memory_used <= statistics.limit_maxbytes);
    assert!((0..CLASSES).all(|class| !is_for_pieces(class) || class >= classes::ITEM_CLASSES));
}
