//! A provided-buffer ring: memory that the kernel receives into and that comes back by number.

use io_uring::IoUring;
use io_uring::types::BufRingEntry;
use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU16, Ordering};

/// Buffers in a ring, a power of two: enough for all connections that are busy at once, few enough to stay in the cache.
const COUNT: u16 = 1024;
/// Bytes in each buffer.
pub const BUFFER_BYTES: usize = 8192;
const ENTRY_BYTES: usize = COUNT as usize * size_of::<BufRingEntry>();
const MEMORY_BYTES: usize = COUNT as usize * BUFFER_BYTES;
/// The group that receives name; there is one.
pub const GROUP: u16 = 0;

/// The buffers and the ring that lends them to the kernel. Has to outlive the io_uring that it is registered with.
pub struct Buffers {
    entries: NonNull<BufRingEntry>,
    memory: NonNull<u8>,
    tail: u16,
}

impl Buffers {
    /// Registers the buffers with `ring`, all of them lent to the kernel.
    pub fn register(ring: &IoUring) -> io::Result<Self> {
        let entries = map(ENTRY_BYTES)?.cast::<BufRingEntry>();
        let memory = map(MEMORY_BYTES)?;
        // SAFETY: the mapping is large enough for `COUNT` entries, page-aligned, and outlives the ring.
        unsafe { ring.submitter().register_buf_ring_with_flags(entries.as_ptr() as u64, COUNT, GROUP, 0)? };
        let mut buffers = Self { entries, memory, tail: 0 };
        for buffer in 0..COUNT {
            buffers.give_back(buffer);
        }
        Ok(buffers)
    }

    /// Where the buffer starts.
    pub fn address(&self, buffer: u16) -> *const u8 {
        assert!(buffer < COUNT);
        // SAFETY: the number was checked, so the address is within the mapping.
        unsafe { self.memory.as_ptr().add(usize::from(buffer) * BUFFER_BYTES) }
    }

    /// Lends the buffer to the kernel again.
    pub fn give_back(&mut self, buffer: u16) {
        let address = self.address(buffer) as u64;
        // SAFETY: the masked index is below `COUNT`; the kernel reads entries below the tail only.
        let entry = unsafe { &mut *self.entries.as_ptr().add(usize::from(self.tail & (COUNT - 1))) };
        entry.set_addr(address);
        entry.set_len(BUFFER_BYTES as u32);
        entry.set_bid(buffer);
        self.tail = self.tail.wrapping_add(1);
        // SAFETY: the ring begins with its first entry, whose spare field is the tail that the kernel reads.
        let tail = unsafe { &*BufRingEntry::tail(self.entries.as_ptr()).cast::<AtomicU16>() };
        tail.store(self.tail, Ordering::Release);
    }
}

impl Drop for Buffers {
    fn drop(&mut self) {
        // SAFETY: both were mapped with these sizes, and the io_uring that used them is gone.
        unsafe {
            libc::munmap(self.entries.as_ptr().cast(), ENTRY_BYTES);
            libc::munmap(self.memory.as_ptr().cast(), MEMORY_BYTES);
        }
    }
}

fn map(bytes: usize) -> io::Result<NonNull<u8>> {
    // SAFETY: an anonymous mapping at an address of the kernel's choice touches no existing memory.
    let address = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            bytes,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_POPULATE,
            -1,
            0,
        )
    };
    if address == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    NonNull::new(address.cast()).ok_or_else(|| io::Error::other("mmap returned address zero"))
}
