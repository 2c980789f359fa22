//! What std has no calls for: noticing the end of a child, and pipes that do not wait.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

use super::calls::{done, retried};

/// A descriptor that becomes readable when the child ends. The child must not have been waited for.
pub(crate) fn open(child: u32) -> io::Result<OwnedFd> {
    // SAFETY: no memory is involved.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, child as libc::pid_t, 0) };
    match fd {
        // SAFETY: the descriptor is new, so nobody else owns it.
        0.. => Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) }),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Sends a signal to a child that has not been waited for.
pub(crate) fn signal(child: u32, signal: i32) -> io::Result<()> {
    // SAFETY: no memory is involved.
    done(unsafe { libc::kill(child as libc::pid_t, signal) } as isize).map(drop)
}

/// Calls on this end of a pipe do not wait from now on; the other end is not concerned.
pub(crate) fn set_nonblocking(pipe: RawFd) -> io::Result<()> {
    // SAFETY: no memory is involved, as in the next call.
    let flags = done(unsafe { libc::fcntl(pipe, libc::F_GETFL) } as isize)?;
    // SAFETY: as above.
    done(unsafe { libc::fcntl(pipe, libc::F_SETFL, flags as i32 | libc::O_NONBLOCK) } as isize).map(drop)
}

/// Reads what is there; fails with WouldBlock if that is nothing.
pub(crate) fn read(pipe: RawFd, into: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
    // SAFETY: there is so much room.
    retried(|| unsafe { libc::read(pipe, into.as_mut_ptr().cast(), into.len()) })
}

/// Writes as much as fits; fails with WouldBlock if that is nothing.
pub(crate) fn write(pipe: RawFd, bytes: &[u8]) -> io::Result<usize> {
    // SAFETY: there are so many bytes.
    retried(|| unsafe { libc::write(pipe, bytes.as_ptr().cast(), bytes.len()) })
}
