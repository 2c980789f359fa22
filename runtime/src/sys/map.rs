//! Anonymous memory, page by page from the kernel.

use std::io;
use std::ptr::{self, NonNull};

/// A private, zeroed, lazily paged range of memory.
///
/// Unmapped on drop, so whoever hands out pointers into it keeps it alive.
pub(crate) struct Mapping {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: a mapping is plain memory of the process; it belongs to no thread.
unsafe impl Send for Mapping {}

impl Mapping {
    /// Maps `len` bytes; none of them takes memory before it is touched.
    pub(crate) fn new(len: usize) -> io::Result<Mapping> {
        // SAFETY: an anonymous mapping at an address of the kernel's choice touches nothing of ours.
        let base = unsafe {
            libc::mmap(
                ptr::null_mut(),
                len,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Mapping { base, len })
    }

    pub(crate) fn base(&self) -> NonNull<u8> {
        self.base
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        super::poison::unpoison(self.base.as_ptr(), self.len);
        // SAFETY: `base` and `len` are those of a mapping that this value alone owns.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.len) };
    }
}
