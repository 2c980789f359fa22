//! Memory for a value that arrives bit by bit.

use std::rc::Rc;

use super::heap::{Heap, PIECE_BYTES_MAX, PIECE_HEADER_BYTES};
use super::memory::{At, bits};

/// An item that nobody can find yet, to be filled and then committed. Dropping it gives its memory back.
pub struct Reservation {
    pub(super) heap: Rc<Heap>,
    pub(super) at: At,
    pub(super) hash: u64,
    pub(super) compare: Option<u64>,
    pub(super) stale_ok: bool,
    pub(super) cas: Option<u64>,
    filler: Filler,
}

impl Reservation {
    /// Takes over an item that is not linked and has one pin.
    pub(super) fn new(heap: &Rc<Heap>, at: At, hash: u64, new: &super::New) -> Reservation {
        let filler = Filler::new(heap, at);
        let super::New { compare, stale_ok, cas, .. } = *new;
        Reservation { heap: heap.clone(), at, hash, compare, stale_ok, cas, filler }
    }

    /// Bytes that are still to come.
    pub fn remaining(&self) -> usize {
        self.filler.left
    }

    /// Where the next bytes go; empty when all are there.
    pub fn space(&mut self) -> &mut [u8] {
        let (offset, bytes) = self.filler.next();
        // SAFETY: the item is not linked, so that only this value knows where it is.
        unsafe { self.heap.memory().slice_mut(offset, bytes) }
    }

    /// Notes that `bytes` of [`space`](Self::space) were filled.
    pub fn advance(&mut self, bytes: usize) {
        assert!(bytes <= self.filler.next().1, "more was filled than there was space");
        self.filler.advance(&self.heap, bytes);
    }

    /// Copies as much of `bytes` as the value still needs, and says how much that was.
    pub fn fill(&mut self, bytes: &[u8]) -> usize {
        let taken = bytes.len().min(self.remaining());
        self.filler.write(&self.heap, &bytes[..taken]);
        taken
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.heap.unpin(self.at);
    }
}

/// Where the next bytes of a value go.
pub(super) struct Filler {
    offset: usize,
    left: usize,
    /// Bytes up to the end of this part.
    here: usize,
    piece: At,
}

impl Filler {
    #[inline]
    pub(super) fn new(heap: &Heap, at: At) -> Filler {
        let header = heap.header(at);
        let left = header.value_bytes.get() as usize;
        if header.has(bits::IN_PIECES) {
            let piece = heap.first_piece(at);
            let offset = piece.offset() + PIECE_HEADER_BYTES;
            return Filler { offset, left, here: left.min(PIECE_BYTES_MAX), piece };
        }
        Filler { offset: heap.value_offset(at), left, here: left, piece: At::NOWHERE }
    }

    /// Offset and length of the next space.
    fn next(&self) -> (usize, usize) {
        (self.offset, self.here)
    }

    fn advance(&mut self, heap: &Heap, bytes: usize) {
        self.offset += bytes;
        self.left -= bytes;
        self.here -= bytes;
        if self.here == 0 && self.left > 0 {
            self.piece = heap.next_piece(self.piece).get();
            self.offset = self.piece.offset() + PIECE_HEADER_BYTES;
            self.here = self.left.min(PIECE_BYTES_MAX);
        }
    }

    /// Writes all of `bytes`, which are not more than what is left.
    #[inline]
    pub(super) fn write(&mut self, heap: &Heap, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(self.here));
            heap.memory().write(self.offset, now);
            self.advance(heap, now.len());
            bytes = later;
        }
    }
}
