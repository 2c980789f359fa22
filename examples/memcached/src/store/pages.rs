//! The table of pages: which class each serves, and which of its chunks are free.

use std::cell::Cell;

use super::memory::At;

/// No page.
pub const NO_PAGE: u32 = u32::MAX;
/// The class of a page that serves none.
pub const NO_CLASS: u8 = u8::MAX;

/// What is known of a page.
pub struct Page {
    pub class: Cell<u8>,
    /// No new items: it is to become empty.
    pub draining: Cell<bool>,
    /// Chunks in use.
    pub live: Cell<u16>,
    /// Chunks that were in use at some time, at the start of the page.
    pub carved: Cell<u16>,
    /// Chunks whose items are read or filled across waits.
    pub pinned: Cell<u32>,
    /// The first of the free chunks below `carved`.
    pub free: Cell<At>,
    /// No item of this page expires before.
    pub soonest: Cell<u32>,
    /// In the list of the class's pages with free chunks, or in that of free pages.
    pub next: Cell<u32>,
    pub previous: Cell<u32>,
}

impl Page {
    pub fn new() -> Page {
        Page {
            class: Cell::new(NO_CLASS),
            draining: Cell::new(false),
            live: Cell::new(0),
            carved: Cell::new(0),
            pinned: Cell::new(0),
            free: Cell::new(At::NOWHERE),
            soonest: Cell::new(u32::MAX),
            next: Cell::new(NO_PAGE),
            previous: Cell::new(NO_PAGE),
        }
    }
}

/// A list of pages, linked through the table.
pub struct PageList {
    first: Cell<u32>,
}

impl PageList {
    pub fn new() -> PageList {
        PageList { first: Cell::new(NO_PAGE) }
    }

    #[inline]
    pub fn first(&self) -> Option<usize> {
        let first = self.first.get();
        (first != NO_PAGE).then_some(first as usize)
    }

    pub fn push(&self, pages: &[Page], page: usize) {
        let first = self.first.replace(page as u32);
        pages[page].next.set(first);
        pages[page].previous.set(NO_PAGE);
        if first != NO_PAGE {
            pages[first as usize].previous.set(page as u32);
        }
    }

    /// Takes out a page, which has to be in this list.
    pub fn remove(&self, pages: &[Page], page: usize) {
        let (next, previous) = (pages[page].next.get(), pages[page].previous.get());
        match previous {
            NO_PAGE => self.first.set(next),
            previous => pages[previous as usize].next.set(next),
        }
        if next != NO_PAGE {
            pages[next as usize].previous.set(previous);
        }
    }
}
