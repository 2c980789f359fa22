//! What system calls return.

use std::io;

/// The result of a call that is made again when a signal interrupts it.
#[inline]
pub(super) fn retried(mut call: impl FnMut() -> isize) -> io::Result<usize> {
    loop {
        match done(call()) {
            Err(error) if error.raw_os_error() == Some(libc::EINTR) => {}
            result => return result,
        }
    }
}

/// The result of a call.
#[inline]
pub(super) fn done(result: isize) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}
