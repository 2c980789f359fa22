//! Tells the address sanitizer which arena memory is free, so that it sees a use after free there.
//!
//! Built with `--cfg seastar_asan` beside `-Zsanitizer=address`; otherwise nothing.

#[cfg(seastar_asan)]
unsafe extern "C" {
    fn __asan_poison_memory_region(addr: *const u8, size: usize);
    fn __asan_unpoison_memory_region(addr: *const u8, size: usize);
}

/// Any access to these bytes is an error until they are unpoisoned.
#[inline]
pub(crate) fn poison(_base: *const u8, _len: usize) {
    #[cfg(seastar_asan)]
    // SAFETY: only the sanitizer's shadow of the range is written, never the range.
    unsafe {
        __asan_poison_memory_region(_base, _len)
    }
}

/// These bytes may be used again.
#[inline]
pub(crate) fn unpoison(_base: *const u8, _len: usize) {
    #[cfg(seastar_asan)]
    // SAFETY: as in `poison`.
    unsafe {
        __asan_unpoison_memory_region(_base, _len)
    }
}
