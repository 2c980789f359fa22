//! A provided-buffer ring: memory that the kernel receives into and that comes back by number.

use io_uring::IoUring;
use io_uring::types::BufRingEntry;
use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU16, Ordering};

/// Bytes in each buffer.
pub const BUFFER_BYTES: usize = 8192;
/// From one buffer to the next. With a power of two the first bytes of all buffers would share a few sets of the cache.
const STRIDE: usize = BUFFER_BYTES + 64;
/// The group that receives name; there is one.
pub const GROUP: u16 = 0;

/// The buffers and the ring that lends them to the kernel. Has to outlive the io_uring that it is registered with.
pub struct Buffers {
    entries: Mapping,
    memory: Mapping,
    count: u16,
    tail: u16,
}

impl Buffers {
    /// Registers `count` buffers, a power of two, with `ring`, all of them lent to the kernel.
    pub fn register(ring: &IoUring, count: u16) -> io::Result<Self> {
        let entries = Mapping::new(usize::from(count) * size_of::<BufRingEntry>())?;
        let memory = Mapping::new(usize::from(count) * STRIDE)?;
        let address = entries.address.as_ptr() as u64;
        // SAFETY: the mapping is large enough for `count` entries, page-aligned, and outlives the ring.
        unsafe { ring.submitter().register_buf_ring_with_flags(address, count, GROUP, 0)? };
        let mut buffers = Self { entries, memory, count, tail: 0 };
        for buffer in 0..count {
            buffers.give_back(buffer);
        }
        Ok(buffers)
    }

    /// Where the buffer starts.
    pub fn address(&self, buffer: u16) -> *const u8 {
        assert!(buffer < self.count);
        // SAFETY: the number was checked, so the address is within the mapping.
        unsafe { self.memory.address.as_ptr().add(usize::from(buffer) * STRIDE) }
    }

    /// Lends the buffer to the kernel again.
    pub fn give_back(&mut self, buffer: u16) {
        let address = self.address(buffer) as u64;
        let entries = self.entries.address.cast::<BufRingEntry>().as_ptr();
        // SAFETY: the masked index is below `count`; the kernel reads entries below the tail only.
        let entry = unsafe { &mut *entries.add(usize::from(self.tail & (self.count - 1))) };
        entry.set_addr(address);
        entry.set_len(BUFFER_BYTES as u32);
        entry.set_bid(buffer);
        self.tail = self.tail.wrapping_add(1);
        // SAFETY: the ring begins with its first entry, whose spare field is the tail that the kernel reads.
        let tail = unsafe { &*BufRingEntry::tail(entries).cast::<AtomicU16>() };
        tail.store(self.tail, Ordering::Release);
    }
}

/// Zeroed memory of its own, there from the start.
struct Mapping {
    address: NonNull<u8>,
    bytes: usize,
}

impl Mapping {
    fn new(bytes: usize) -> io::Result<Self> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_POPULATE;
        // SAFETY: an anonymous mapping at an address of the kernel's choice touches no existing memory.
        let address = unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, flags, -1, 0) };
        if address == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let address =
            NonNull::new(address.cast()).ok_or_else(|| io::Error::other("mmap returned address zero"))?;
        Ok(Self { address, bytes })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: it was mapped with this size, and the io_uring that used it is gone.
        unsafe { libc::munmap(self.address.as_ptr().cast(), self.bytes) };
    }
}
