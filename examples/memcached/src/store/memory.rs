//! The mapping that holds all items, as headers and bytes: the store's only unsafe code.
//!
//! Everything is reached by offset. Headers consist of cells, so they may be shared; bytes are copied in and out, and lent
//! as slices only to those who see to it that nobody writes there meanwhile.

use std::cell::Cell;
use std::io;
use std::ptr::{self, NonNull};

use super::classes::{PAGE_BYTES, UNIT};

/// Where a chunk begins, in units; zero is nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At(pub u32);

impl At {
    pub const NOWHERE: At = At(0);

    #[inline]
    pub fn new(offset: usize) -> At {
        At((offset / UNIT) as u32)
    }

    #[inline]
    pub fn offset(self) -> usize {
        self.0 as usize * UNIT
    }

    #[inline]
    pub fn page(self) -> usize {
        self.offset() / PAGE_BYTES
    }

    #[inline]
    pub fn exists(self) -> bool {
        self.0 != 0
    }
}

/// How an item begins; the key follows, then the value, or where its first piece is.
#[repr(C)]
pub struct Header {
    /// The next item of the bucket, or the next free chunk of the page.
    pub next: Cell<At>,
    pub older: Cell<At>,
    pub newer: Cell<At>,
    /// When it was last stored or read.
    pub accessed: Cell<u32>,
    /// The second at which it ends.
    pub expires: Cell<u32>,
    pub value_bytes: Cell<u32>,
    pub client_flags: Cell<u32>,
    /// In halves, because that aligns the header to four bytes.
    cas: Cell<[u32; 2]>,
    /// Those who read it, or fill it, across waits.
    pub pins: Cell<u16>,
    pub bits: Cell<u16>,
    pub key_bytes: Cell<u8>,
    pub class: Cell<u8>,
    pub epoch: Cell<u16>,
}

/// Bytes of a header.
pub const HEADER_BYTES: usize = size_of::<Header>();
const _: () = assert!(HEADER_BYTES == 44);

/// What [`Header::bits`] says.
pub mod bits {
    /// The segment of its list.
    pub const SEGMENT: u16 = 0b11;
    /// It is in the index and in a list.
    pub const LINKED: u16 = 1 << 2;
    /// It was read since it was stored.
    pub const FETCHED: u16 = 1 << 3;
    /// It was read more than once since it came to its segment.
    pub const ACTIVE: u16 = 1 << 4;
    pub const STALE: u16 = 1 << 5;
    /// A client was told to fetch it anew.
    pub const TOKEN_SENT: u16 = 1 << 6;
    /// Clients write its key in base64.
    pub const BINARY_KEY: u16 = 1 << 7;
    /// Its value lies in pieces.
    pub const IN_PIECES: u16 = 1 << 8;
}

impl Header {
    #[inline]
    pub fn has(&self, bits: u16) -> bool {
        self.bits.get() & bits != 0
    }

    #[inline]
    pub fn set(&self, bits: u16) {
        self.bits.set(self.bits.get() | bits);
    }

    #[inline]
    pub fn clear(&self, bits: u16) {
        self.bits.set(self.bits.get() & !bits);
    }

    #[inline]
    pub fn cas(&self) -> u64 {
        let [low, high] = self.cas.get();
        u64::from(high) << 32 | u64::from(low)
    }

    #[inline]
    pub fn set_cas(&self, cas: u64) {
        self.cas.set([cas as u32, (cas >> 32) as u32]);
    }
}

/// Zeroed memory from the system, touched only where it is used.
pub struct Memory {
    base: NonNull<u8>,
    bytes: usize,
}

impl Memory {
    /// Reserves `bytes`.
    pub fn reserve(bytes: usize) -> io::Result<Memory> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: an anonymous mapping at an address of the kernel's choice touches no existing memory.
        let base = unsafe { libc::mmap(ptr::null_mut(), bytes, protection, flags, -1, 0) };
        if base == libc::MAP_FAILED {
            let error = io::Error::last_os_error();
            return Err(io::Error::new(error.kind(), format!("cannot map {bytes} bytes for items: {error}")));
        }
        let base = NonNull::new(base.cast()).ok_or_else(|| io::Error::other("mmap returned address zero"))?;
        Ok(Memory { base, bytes })
    }

    /// Gives the memory of a range, of whole system pages, back to the system. It is zero when it is used again.
    pub fn discard(&self, offset: usize, bytes: usize) {
        let start = self.place(offset, bytes);
        // SAFETY: the range is within this mapping, and no reference to it lives: slices are lent of live items only.
        let result = unsafe { libc::madvise(start.cast(), bytes, libc::MADV_DONTNEED) };
        // Fails for locked memory only, which then stays.
        debug_assert_eq!(result, 0);
    }

    /// The header of a chunk.
    #[inline]
    pub fn header(&self, at: At) -> &Header {
        let place = self.place(at.offset(), HEADER_BYTES);
        // SAFETY: in the mapping and aligned to eight bytes; all fields are cells of integers, to which all
        // bytes are good and which may be shared on this thread.
        unsafe { &*place.cast() }
    }

    /// A word of a table that fills a mapping.
    #[inline]
    pub fn word(&self, index: usize) -> &Cell<At> {
        let place = self.place(index * size_of::<At>(), size_of::<At>());
        // SAFETY: as for a header.
        unsafe { &*place.cast() }
    }

    /// Copies `bytes` to `offset`.
    #[inline]
    pub fn write(&self, offset: usize, bytes: &[u8]) {
        let place = self.place(offset, bytes.len());
        // SAFETY: the destination is within the mapping, and not lent: see `slice`.
        unsafe { ptr::copy(bytes.as_ptr(), place, bytes.len()) };
    }

    /// Copies within the mapping; the ranges may overlap.
    pub fn copy(&self, from: usize, to: usize, bytes: usize) {
        let (from, to) = (self.place(from, bytes), self.place(to, bytes));
        // SAFETY: both are within the mapping, and the destination is not lent: see `slice`.
        unsafe { ptr::copy(from, to, bytes) };
    }

    /// Lends bytes.
    ///
    /// # Safety
    ///
    /// Nobody writes to them while the slice lives.
    #[inline]
    pub unsafe fn slice<'a>(&self, offset: usize, bytes: usize) -> &'a [u8] {
        let place = self.place(offset, bytes);
        // SAFETY: within the mapping, initialised by the kernel; the caller promises the rest.
        unsafe { std::slice::from_raw_parts(place, bytes) }
    }

    /// Lends bytes to be written.
    ///
    /// # Safety
    ///
    /// Nobody else reads or writes them while the slice lives.
    pub unsafe fn slice_mut<'a>(&self, offset: usize, bytes: usize) -> &'a mut [u8] {
        let place = self.place(offset, bytes);
        // SAFETY: within the mapping, initialised by the kernel; the caller promises the rest.
        unsafe { std::slice::from_raw_parts_mut(place, bytes) }
    }

    #[inline]
    fn place(&self, offset: usize, bytes: usize) -> *mut u8 {
        assert!(offset <= self.bytes && bytes <= self.bytes - offset);
        // SAFETY: checked to be within the mapping.
        unsafe { self.base.as_ptr().add(offset) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: mapped with this size; those who hold slices hold the heap, and so this.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.bytes) };
    }
}
