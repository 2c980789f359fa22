//! Memory for a new item: a chunk, and pieces for a value that does not fit one.

use super::Store;
use super::classes::{CHUNK_BYTES_MAX, piece_class};
use super::heap::{Heap, PIECE_HEADER_BYTES};
use super::item::expires;
use super::key::Key;
use super::memory::{At, bits};
use super::write::{New, Stored};

impl Store {
    /// An item that is not linked, with everything but its value. Other items may move or go for it.
    pub(super) fn allocate(&mut self, key: Key<'_>, new: &New, value_bytes: usize) -> Result<At, Stored> {
        if self.is_too_large(key.bytes().len(), value_bytes) {
            return Err(Stored::TooLarge);
        }
        let (class, in_pieces) = Heap::class_for(key.bytes().len(), value_bytes);
        let at = self.take(class).ok_or(Stored::OutOfMemory)?;
        let header = self.heap.header(at);
        header.expires.set(expires(new.exptime));
        header.value_bytes.set(value_bytes as u32);
        header.client_flags.set(new.client_flags);
        header.pins.set(0);
        header.bits.set(if new.binary_key { bits::BINARY_KEY } else { 0 });
        header.key_bytes.set(key.bytes().len() as u8);
        header.class.set(class as u8);
        self.heap.memory().write(self.heap.key_offset(at), key.bytes());
        if in_pieces { self.allocate_pieces(at, value_bytes) } else { Ok(at) }
    }

    #[inline]
    pub(super) fn is_too_large(&self, key_bytes: usize, value_bytes: usize) -> bool {
        key_bytes + value_bytes > self.settings.item_bytes_max
    }

    fn allocate_pieces(&mut self, at: At, value_bytes: usize) -> Result<At, Stored> {
        self.heap.header(at).set(bits::IN_PIECES);
        self.heap.set_first_piece(at, At::NOWHERE);
        // So that it stays where it is while others make room.
        self.heap.pin(at);
        let (mut left, mut last) = (value_bytes, At::NOWHERE);
        while left > 0 {
            let chunk_bytes = (left + PIECE_HEADER_BYTES).min(CHUNK_BYTES_MAX);
            let Some(piece) = self.take(piece_class(chunk_bytes)) else {
                self.heap.unpin(at);
                return Err(Stored::OutOfMemory);
            };
            self.heap.next_piece(piece).set(At::NOWHERE);
            self.heap.owner(piece).set(at);
            match last {
                At::NOWHERE => self.heap.set_first_piece(at, piece),
                last => self.heap.next_piece(last).set(piece),
            }
            last = piece;
            left -= chunk_bytes - PIECE_HEADER_BYTES;
        }
        // It is complete, and does not go with its pin.
        let header = self.heap.header(at);
        header.set(bits::LINKED);
        self.heap.unpin(at);
        header.clear(bits::LINKED);
        Ok(at)
    }

    #[inline]
    fn take(&mut self, class: usize) -> Option<At> {
        match self.heap.take(class) {
            Some(at) => Some(at),
            None => self.make_room(class),
        }
    }
}
