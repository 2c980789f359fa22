//! Chunks: taken from a page of their class, given back to it; pages: taken while there are some, given back when empty.
//!
//! Works through shared references, because readers and writers across waits hold it too, and give their chunks back themselves.

use std::cell::Cell;
use std::io;

use super::classes::{
    self, CHUNK_BYTES_MAX, CLASSES, ITEM_CLASSES, PAGE_BYTES, SIZES, chunks_per_page, is_for_pieces,
};
use super::memory::{At, HEADER_BYTES, Header, Memory, bits};
use super::pages::{NO_CLASS, Page, PageList};

/// What a piece begins with: the next piece, and the item it belongs to.
pub const PIECE_HEADER_BYTES: usize = 8;
/// Bytes of a value in a piece that is full.
pub const PIECE_BYTES_MAX: usize = CHUNK_BYTES_MAX - PIECE_HEADER_BYTES;
/// The list of items in pieces; the others are in that of their class.
pub const LIST_OF_LARGE: usize = ITEM_CLASSES;
/// Bytes after the key of an item in pieces: where the first one is.
const FIRST_PIECE_BYTES: usize = size_of::<u32>();

const MEMORY_BYTES_MIN: usize = 1 << 20;
const MEMORY_BYTES_MAX: usize = 32 << 30;

/// The pages of one class.
pub struct Class {
    /// Those with free chunks.
    with_room: PageList,
    pub pages: Cell<u32>,
    pub live: Cell<u32>,
}

/// All chunks of one shard.
pub struct Heap {
    memory: Memory,
    pub pages: Box<[Page]>,
    pub classes: Box<[Class]>,
    /// Pages that were used and are empty.
    empty: PageList,
    /// Pages from here on were never used.
    fresh: Cell<usize>,
    /// Pages that may still be taken.
    pages_left: Cell<usize>,
    /// The page with the fewest chunks in use for its class among those that lost one since [`watch`](Self::watch).
    emptiest: Cell<Option<usize>>,
}

impl Heap {
    pub fn new(bytes: usize) -> io::Result<Heap> {
        if !(MEMORY_BYTES_MIN..=MEMORY_BYTES_MAX).contains(&bytes) {
            let text = format!(
                "{bytes} bytes are no memory for the items of a shard; it takes 1 MiB to 32 GiB, as -m divided by the shards"
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        // The first page is never used, so that offset zero is nowhere.
        let count = (bytes - bytes / PAGE_BYTES * size_of::<Page>()) / PAGE_BYTES;
        Ok(Heap {
            memory: Memory::reserve((count + 1) * PAGE_BYTES)?,
            pages: (0..=count).map(|_| Page::new()).collect(),
            classes: (0..CLASSES)
                .map(|_| Class { with_room: PageList::new(), pages: Cell::new(0), live: Cell::new(0) })
                .collect(),
            empty: PageList::new(),
            fresh: Cell::new(1),
            pages_left: Cell::new(count),
            emptiest: Cell::new(None),
        })
    }

    /// Takes a chunk of `class`, and a page for it if there is one.
    #[inline]
    pub fn take(&self, class: usize) -> Option<At> {
        match self.classes[class].with_room.first() {
            Some(page) => Some(self.take_in(class, page)),
            None => {
                let page = self.take_page()?;
                self.assign(page, class);
                Some(self.take_in(class, page))
            }
        }
    }

    /// Takes a chunk of `class` from the pages that the class has.
    pub fn take_without_page(&self, class: usize) -> Option<At> {
        Some(self.take_in(class, self.classes[class].with_room.first()?))
    }

    fn take_in(&self, class: usize, index: usize) -> At {
        let page = &self.pages[index];
        let mut at = page.free.get();
        if at.exists() {
            page.free.set(self.header(at).next.get());
        } else {
            at = At::new(index * PAGE_BYTES + usize::from(page.carved.get()) * SIZES[class]);
            page.carved.set(page.carved.get() + 1);
        }
        page.live.set(page.live.get() + 1);
        self.classes[class].live.set(self.classes[class].live.get() + 1);
        if usize::from(page.live.get()) == chunks_per_page(class) {
            self.classes[class].with_room.remove(&self.pages, index);
        }
        at
    }

    /// Gives a chunk back, and its page if that is empty now.
    pub fn give(&self, at: At) {
        let index = at.page();
        let page = &self.pages[index];
        let class = usize::from(page.class.get());
        let header = self.header(at);
        header.bits.set(0);
        // In a piece that is its owner: it has none.
        header.older.set(At::NOWHERE);
        header.next.set(page.free.replace(at));
        let was_full = usize::from(page.live.get()) == chunks_per_page(class);
        page.live.set(page.live.get() - 1);
        self.classes[class].live.set(self.classes[class].live.get() - 1);
        if was_full && !page.draining.get() {
            self.classes[class].with_room.push(&self.pages, index);
        }
        if page.live.get() == 0 {
            self.retire(index);
        } else if self.is_emptier(index) {
            self.emptiest.set(Some(index));
        }
    }

    /// Starts looking for a page that is nearly empty.
    pub fn watch(&self) {
        self.emptiest.set(None);
    }

    /// The nearly empty page that was found.
    pub fn emptiest(&self) -> Option<usize> {
        self.emptiest.get()
    }

    fn is_emptier(&self, index: usize) -> bool {
        let share = |index: usize| {
            let page = &self.pages[index];
            usize::from(page.live.get()) * SIZES[usize::from(page.class.get())]
        };
        self.pages[index].pinned.get() == 0
            && self.emptiest.get().is_none_or(|other| share(index) < share(other))
    }

    /// Whether a page can be taken at once.
    pub fn has_page(&self) -> bool {
        self.pages_left.get() > 0
    }

    /// Pages in use, and those that could be.
    pub fn page_counts(&self) -> (usize, usize) {
        let used = self.classes.iter().map(|class| class.pages.get() as usize).sum();
        (used, self.pages_left.get())
    }

    /// Pages that were used and may be used by any class.
    pub fn pooled_pages(&self) -> usize {
        self.pages_left.get() - (self.pages.len() - self.fresh.get())
    }

    /// Gives up a page for good, its memory going back to the system, for something that is as large.
    pub fn cede_page(&self) -> bool {
        let Some(page) = self.take_page() else { return false };
        self.memory.discard(page * PAGE_BYTES, PAGE_BYTES);
        true
    }

    fn take_page(&self) -> Option<usize> {
        self.pages_left.set(self.pages_left.get().checked_sub(1)?);
        if let Some(page) = self.empty.first() {
            self.empty.remove(&self.pages, page);
            return Some(page);
        }
        let page = self.fresh.get();
        self.fresh.set(page + 1);
        Some(page)
    }

    fn assign(&self, index: usize, class: usize) {
        let page = &self.pages[index];
        page.class.set(class as u8);
        page.carved.set(0);
        page.free.set(At::NOWHERE);
        page.soonest.set(u32::MAX);
        self.classes[class].pages.set(self.classes[class].pages.get() + 1);
        self.classes[class].with_room.push(&self.pages, index);
    }

    fn retire(&self, index: usize) {
        let page = &self.pages[index];
        let class = &self.classes[usize::from(page.class.get())];
        if !page.draining.replace(false) {
            class.with_room.remove(&self.pages, index);
        }
        class.pages.set(class.pages.get() - 1);
        page.class.set(NO_CLASS);
        self.empty.push(&self.pages, index);
        self.pages_left.set(self.pages_left.get() + 1);
        if self.emptiest.get() == Some(index) {
            self.emptiest.set(None);
        }
    }

    /// Keeps new chunks out of a page.
    pub fn drain(&self, index: usize) {
        let page = &self.pages[index];
        let class = usize::from(page.class.get());
        if usize::from(page.live.get()) < chunks_per_page(class) {
            self.classes[class].with_room.remove(&self.pages, index);
        }
        page.draining.set(true);
    }

    /// Lets new chunks into a page that could not be emptied.
    pub fn stop_draining(&self, index: usize) {
        let page = &self.pages[index];
        let class = usize::from(page.class.get());
        page.draining.set(false);
        if usize::from(page.live.get()) < chunks_per_page(class) {
            self.classes[class].with_room.push(&self.pages, index);
        }
    }

    #[inline]
    pub fn header(&self, at: At) -> &Header {
        self.memory.header(at)
    }

    #[inline]
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The list that the item is in.
    #[inline]
    pub fn list_of(&self, header: &Header) -> usize {
        if header.has(bits::IN_PIECES) { LIST_OF_LARGE } else { usize::from(header.class.get()) }
    }

    /// What the item takes, not counting what is unused of its chunks.
    #[inline]
    pub fn item_bytes(&self, header: &Header) -> usize {
        HEADER_BYTES + usize::from(header.key_bytes.get()) + header.value_bytes.get() as usize
    }

    /// What the chunks of the item take, about.
    pub fn item_chunk_bytes(&self, header: &Header) -> usize {
        let chunk = SIZES[usize::from(header.class.get())];
        if header.has(bits::IN_PIECES) { chunk + header.value_bytes.get() as usize } else { chunk }
    }

    /// The class of the chunk for an item, and whether its value goes into pieces.
    #[inline]
    pub fn class_for(key_bytes: usize, value_bytes: usize) -> (usize, bool) {
        let whole = HEADER_BYTES + key_bytes + value_bytes;
        match whole <= CHUNK_BYTES_MAX {
            true => (classes::item_class(whole), false),
            false => (classes::item_class(HEADER_BYTES + key_bytes + FIRST_PIECE_BYTES), true),
        }
    }

    /// Notes that something of the page of `at` ends at `expires`.
    #[inline]
    pub fn expect_expiry(&self, at: At, expires: u32) {
        let page = &self.pages[at.page()];
        if expires < page.soonest.get() {
            page.soonest.set(expires);
        }
    }

    /// Makes the crawler look at all pages again.
    pub fn hasten_crawler(&self) {
        self.pages.iter().for_each(|page| page.soonest.set(0));
    }

    /// Where the key begins.
    #[inline]
    pub fn key_offset(&self, at: At) -> usize {
        at.offset() + HEADER_BYTES
    }

    /// Where the value begins, or where it says what the first piece is.
    #[inline]
    pub fn value_offset(&self, at: At) -> usize {
        self.key_offset(at) + usize::from(self.header(at).key_bytes.get())
    }

    /// Shows the key to `then`, which must not use the heap.
    #[inline]
    pub fn with_key<T>(&self, at: At, then: impl FnOnce(&[u8]) -> T) -> T {
        let bytes = usize::from(self.header(at).key_bytes.get());
        // SAFETY: the slice ends with this call, and callers only hash, compare or copy it.
        then(unsafe { self.memory.slice(self.key_offset(at), bytes) })
    }

    /// The first piece of an item in pieces.
    pub fn first_piece(&self, at: At) -> At {
        // SAFETY: copied before anything can write.
        let bytes: &[u8] = unsafe { self.memory.slice(self.value_offset(at), FIRST_PIECE_BYTES) };
        At(u32::from_le_bytes(bytes.try_into().expect("as long as asked for")))
    }

    pub fn set_first_piece(&self, at: At, piece: At) {
        self.memory.write(self.value_offset(at), &piece.0.to_le_bytes());
    }

    /// The link of a piece to the next.
    pub fn next_piece(&self, piece: At) -> &Cell<At> {
        self.memory.word(piece.offset() / size_of::<At>())
    }

    /// The link of a piece to its item.
    pub fn owner(&self, piece: At) -> &Cell<At> {
        self.memory.word(piece.offset() / size_of::<At>() + 1)
    }

    /// Gives back all chunks of an item that nobody finds or reads any more.
    pub fn free_item(&self, at: At) {
        if self.header(at).has(bits::IN_PIECES) {
            let mut piece = self.first_piece(at);
            while piece.exists() {
                let next = self.next_piece(piece).get();
                self.give_piece(piece);
                piece = next;
            }
        }
        self.give(at);
    }

    fn give_piece(&self, piece: At) {
        debug_assert!(is_for_pieces(usize::from(self.pages[piece.page()].class.get())));
        self.give(piece);
    }

    /// Keeps the bytes of an item where they are until [`unpin`](Self::unpin); false if as many as can be counted do so.
    pub fn pin(&self, at: At) -> bool {
        let header = self.header(at);
        let Some(pins) = header.pins.get().checked_add(1) else { return false };
        header.pins.set(pins);
        let page = &self.pages[at.page()];
        page.pinned.set(page.pinned.get() + 1);
        true
    }

    /// Undoes [`pin`](Self::pin), and frees the item if it is not in the index any more.
    pub fn unpin(&self, at: At) {
        let header = self.header(at);
        header.pins.set(header.pins.get() - 1);
        let page = &self.pages[at.page()];
        page.pinned.set(page.pinned.get() - 1);
        if header.pins.get() == 0 && !header.has(bits::LINKED) {
            self.free_item(at);
        }
    }
}
