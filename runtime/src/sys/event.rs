//! An eventfd: how a thread that owns no ring wakes one that sleeps in its own.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, RawFd};

/// A counter that a ring can poll and any thread, or a signal handler, can raise.
#[derive(Debug)]
pub(crate) struct Event(File);

impl Event {
    pub(crate) fn new() -> io::Result<Event> {
        // SAFETY: no memory is involved.
        let fd = unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor is new, so nobody else owns it.
        Ok(Event(unsafe { File::from_raw_fd(fd) }))
    }

    /// Makes the descriptor readable. A full counter is readable already, so nothing can fail.
    pub(crate) fn raise(&self) {
        let _ = (&self.0).write(&1u64.to_ne_bytes());
    }

    /// Takes back all that was raised.
    pub(crate) fn clear(&self) {
        let _ = (&self.0).read(&mut [0u8; 8]);
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}
