//! Bytes that came from somewhere, without a copy.

use std::fmt;
use std::ops::{Bound, Deref, RangeBounds};

use crate::reactor::View;

/// A range of bytes in memory that is shared and not changed (BUF-1).
///
/// What a read returns is a view into the shard's receive buffers, which goes back to them when the last view
/// of it is dropped. A small view keeps a whole buffer, so data that stays long should be copied out,
/// with [`to_vec`](slice::to_vec) or [`copy_of`](Self::copy_of). Stays on its shard.
///
/// ```
/// use seastar::net::TemporaryBuffer;
///
/// let mut line = TemporaryBuffer::from_static(b"GET /index.html");
/// let verb = line.share(..3);
/// line.trim_front(4);
/// assert_eq!((&*verb, &*line), (&b"GET"[..], &b"/index.html"[..]));
/// ```
#[doc(alias = "Bytes")]
#[derive(Clone)]
pub struct TemporaryBuffer(pub(super) View);

impl TemporaryBuffer {
    /// Bytes of the program itself; nothing is copied or counted.
    pub const fn from_static(bytes: &'static [u8]) -> TemporaryBuffer {
        TemporaryBuffer(View::of_static(bytes))
    }

    /// A buffer without bytes, which is what a read returns at the end of a stream.
    ///
    /// ```
    /// assert!(seastar::net::TemporaryBuffer::empty().is_empty());
    /// ```
    pub const fn empty() -> TemporaryBuffer {
        TemporaryBuffer::from_static(&[])
    }

    /// A copy of `bytes` in the shard's arena.
    ///
    /// `None` when the memory budget is used up, for more than a megabyte, and off a shard.
    ///
    /// ```
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let copy = seastar::net::TemporaryBuffer::copy_of(b"kept").unwrap();
    ///     assert_eq!(&*copy, b"kept");
    /// }
    /// ```
    pub fn copy_of(bytes: &[u8]) -> Option<TemporaryBuffer> {
        View::copy_of(bytes).map(TemporaryBuffer)
    }

    /// Another view of the same memory.
    ///
    /// # Panics
    ///
    /// If the range does not lie within the buffer.
    pub fn share(&self, range: impl RangeBounds<usize>) -> TemporaryBuffer {
        const PAST_THE_END: &str = "a range that ends within the buffer";
        let start = match range.start_bound() {
            Bound::Included(&start) => start,
            Bound::Excluded(&before) => before.checked_add(1).expect(PAST_THE_END),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(&last) => last.checked_add(1).expect(PAST_THE_END),
            Bound::Excluded(&end) => end,
            Bound::Unbounded => self.len(),
        };
        let mut shared = self.clone();
        shared.trim(end);
        shared.trim_front(start);
        shared
    }

    /// Keeps the first `len` bytes.
    ///
    /// # Panics
    ///
    /// If there are fewer.
    ///
    /// ```
    /// let mut line = seastar::net::TemporaryBuffer::from_static(b"quit\r\n");
    /// line.trim(4);
    /// assert_eq!(&*line, b"quit");
    /// ```
    pub fn trim(&mut self, len: usize) {
        self.0.trim(len);
    }

    /// Drops the first `len` bytes.
    ///
    /// # Panics
    ///
    /// If there are fewer.
    pub fn trim_front(&mut self, len: usize) {
        self.0.trim_front(len);
    }

    /// Takes the first `len` bytes off, as a buffer of their own.
    ///
    /// ```
    /// let mut rest = seastar::net::TemporaryBuffer::from_static(b"headbody");
    /// let head = rest.split_to(4);
    /// assert_eq!((&*head, &*rest), (&b"head"[..], &b"body"[..]));
    /// ```
    ///
    /// # Panics
    ///
    /// If there are fewer.
    pub fn split_to(&mut self, len: usize) -> TemporaryBuffer {
        let front = self.share(..len);
        self.trim_front(len);
        front
    }
}

impl Deref for TemporaryBuffer {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for TemporaryBuffer {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Default for TemporaryBuffer {
    fn default() -> TemporaryBuffer {
        TemporaryBuffer::empty()
    }
}

impl PartialEq for TemporaryBuffer {
    fn eq(&self, other: &TemporaryBuffer) -> bool {
        **self == **other
    }
}

impl Eq for TemporaryBuffer {}

impl fmt::Debug for TemporaryBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::catch_unwind;

    #[test]
    fn ranges_beyond_a_buffer_are_refused_however_they_are_written() {
        let shared = |range: (Bound<usize>, Bound<usize>)| {
            catch_unwind(move || TemporaryBuffer::from_static(b"hello").share(range).len()).ok()
        };
        assert_eq!(shared((Bound::Excluded(0), Bound::Included(4))), Some(4));
        assert_eq!(shared((Bound::Unbounded, Bound::Included(5))), None);
        assert_eq!(shared((Bound::Unbounded, Bound::Included(usize::MAX))), None);
        assert_eq!(shared((Bound::Excluded(usize::MAX), Bound::Unbounded)), None);
        assert_eq!(shared((Bound::Included(3), Bound::Excluded(2))), None);
    }
}
