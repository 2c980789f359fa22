//! An item that was found.

use super::heap::{Heap, PIECE_BYTES_MAX, PIECE_HEADER_BYTES};
use super::memory::{At, Header, bits};
use super::{NEVER, Store, Value};

/// An item of a store, for as long as nothing is stored.
#[derive(Clone, Copy)]
pub struct Item<'a> {
    pub(super) store: &'a Store,
    pub(super) at: At,
}

impl<'a> Item<'a> {
    #[inline]
    fn header(&self) -> &'a Header {
        self.store.heap.header(self.at)
    }

    /// Counts an access: the item is kept longer than those that nobody asks for.
    #[inline]
    pub fn mark_used(&self) {
        let header = self.header();
        header.accessed.set(self.store.now);
        // The second access makes it active.
        let seen = if header.has(bits::FETCHED) { bits::FETCHED | bits::ACTIVE } else { bits::FETCHED };
        header.set(seen);
    }

    /// The key.
    pub fn key(&self) -> &'a [u8] {
        let (heap, bytes) = (&self.store.heap, self.header().key_bytes.get());
        // SAFETY: keys are written before an item can be found, and its chunk stays while the store is borrowed.
        unsafe { heap.memory().slice(heap.key_offset(self.at), bytes.into()) }
    }

    /// What the client stored beside the value.
    #[inline]
    pub fn client_flags(&self) -> u32 {
        self.header().client_flags.get()
    }

    /// Length of the value.
    #[inline]
    pub fn value_bytes(&self) -> usize {
        self.header().value_bytes.get() as usize
    }

    /// The value, if it is in one part: always so up to a total of about 8 KiB.
    #[inline]
    pub fn value(&self) -> Option<&'a [u8]> {
        (!self.header().has(bits::IN_PIECES))
            .then(|| Parts::new(&self.store.heap, self.at).next().unwrap_or(&[]))
    }

    /// The value, part by part, none of them empty.
    pub fn parts(&self) -> Parts<'a> {
        Parts::new(&self.store.heap, self.at)
    }

    /// Keeps the value beyond the borrow of the store; nothing if 65,535 others do so.
    pub fn pin(&self) -> Option<Value> {
        Value::new(&self.store.heap, self.at)
    }

    /// The second at which the item ends; 0 is never.
    #[inline]
    pub fn exptime(&self) -> u32 {
        match self.header().expires.get() {
            NEVER => 0,
            expires => expires,
        }
    }

    /// Sets when the item ends.
    pub fn set_exptime(&self, exptime: u32) {
        let expires = expires(exptime);
        self.header().expires.set(expires);
        self.store.heap.expect_expiry(self.at, expires);
    }

    /// Seconds until the item ends; nothing if it does not.
    pub fn seconds_left(&self) -> Option<u32> {
        let expires = self.header().expires.get();
        (expires != NEVER).then(|| expires.saturating_sub(self.store.now))
    }

    /// The second of the last access, or of being stored.
    pub fn last_access(&self) -> u32 {
        self.header().accessed.get()
    }

    /// Whether it was read since it was stored.
    pub fn is_fetched(&self) -> bool {
        self.header().has(bits::FETCHED)
    }

    /// The number that is another one whenever the item is stored.
    #[inline]
    pub fn cas(&self) -> u64 {
        self.header().cas()
    }

    /// Sets that number.
    pub fn set_cas(&self, cas: u64) {
        self.header().set_cas(cas);
    }

    /// Whether the value is out of date.
    pub fn is_stale(&self) -> bool {
        self.header().has(bits::STALE)
    }

    /// Marks the value as out of date, so that the next client is told to fetch it anew.
    pub fn mark_stale(&self) {
        self.header().set(bits::STALE);
        self.header().clear(bits::TOKEN_SENT);
    }

    /// Whether a client was told to fetch the value anew.
    pub fn token_sent(&self) -> bool {
        self.header().has(bits::TOKEN_SENT)
    }

    /// Notes that a client was told.
    pub fn send_token(&self) {
        self.header().set(bits::TOKEN_SENT);
    }

    /// Whether clients write the key in base64.
    pub fn is_binary_key(&self) -> bool {
        self.header().has(bits::BINARY_KEY)
    }

    /// The number of the item's class in the statistics.
    #[inline]
    pub fn class_id(&self) -> u8 {
        self.store.heap.list_of(self.header()) as u8 + 1
    }

    /// Where the item is in its list: 0 is hot, 1 is warm, 2 is cold.
    #[inline]
    pub fn segment(&self) -> usize {
        (self.header().bits.get() & bits::SEGMENT).into()
    }

    /// What the item takes of the memory, not counting what is unused of its chunks.
    pub fn total_bytes(&self) -> usize {
        self.store.heap.item_bytes(self.header())
    }
}

/// From a client's time, 0 for never, to what can be compared.
#[inline]
pub(super) fn expires(exptime: u32) -> u32 {
    if exptime == 0 { NEVER } else { exptime }
}

/// The parts of a value.
pub struct Parts<'a> {
    heap: &'a Heap,
    offset: usize,
    left: usize,
    /// What `offset` is in; nowhere if the value is in one part.
    piece: At,
}

impl<'a> Parts<'a> {
    /// The item stays as it is while `heap` is borrowed: the store is, or it is pinned.
    #[inline]
    pub(super) fn new(heap: &'a Heap, at: At) -> Parts<'a> {
        let header = heap.header(at);
        let left = header.value_bytes.get() as usize;
        if header.has(bits::IN_PIECES) {
            let piece = heap.first_piece(at);
            return Parts { heap, offset: piece.offset() + PIECE_HEADER_BYTES, left, piece };
        }
        Parts { heap, offset: heap.value_offset(at), left, piece: At::NOWHERE }
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        if self.left == 0 {
            return None;
        }
        let bytes = if self.piece.exists() { self.left.min(PIECE_BYTES_MAX) } else { self.left };
        // SAFETY: see `new`; values are written only through a store that is not borrowed and has found no pins.
        let part = unsafe { self.heap.memory().slice(self.offset, bytes) };
        self.left -= bytes;
        if self.left > 0 {
            self.piece = self.heap.next_piece(self.piece).get();
            self.offset = self.piece.offset() + PIECE_HEADER_BYTES;
        }
        Some(part)
    }
}
