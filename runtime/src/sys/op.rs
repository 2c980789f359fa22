//! Operations and completions: the border between the drivers and everything above them.
//!
//! One enum instead of a trait object per call: each driver translates it in one `match`.

use std::os::fd::RawFd;

use super::datagram::Shape;

/// One operation for the kernel.
///
/// Pointers in here are lent to the kernel until the last completion of the operation; who submits
/// keeps them valid that long (see [`Reactor::submit`](crate::reactor::Reactor::submit)).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    /// Accepts connections until cancelled or failed, one completion each.
    Accept {
        fd: RawFd,
    },
    Connect {
        fd: RawFd,
        address: *const libc::sockaddr,
        len: libc::socklen_t,
    },
    /// Receives into the shard's buffer ring until cancelled, failed or out of buffers.
    Receive {
        fd: RawFd,
    },
    /// Receives datagrams into the shard's buffer ring, each in a buffer in the shape that is asked for, until cancelled, failed or out
    /// of buffers.
    ReceiveDatagrams {
        fd: RawFd,
        shape: *const Shape,
    },
    /// Sends all of it: the kernel goes on after a short write.
    Send {
        fd: RawFd,
        base: *const u8,
        len: u32,
    },
    Close {
        fd: RawFd,
    },
    /// Completes once, when the descriptor is readable or at its end.
    AwaitReadable {
        fd: RawFd,
    },
    /// Completes once, when the descriptor has room for what is written, or is broken.
    AwaitWritable {
        fd: RawFd,
    },
    /// Completes each time the descriptor becomes readable.
    PollReadable {
        fd: RawFd,
    },
    /// Cancels the operation that was submitted with this token.
    Cancel {
        token: u64,
    },
    /// Cancels whatever is in flight.
    CancelAll,
    /// Wakes the shard that owns this ring, with a completion that bears `token`.
    Ring {
        ring: RawFd,
        token: u64,
    },
}

/// Sends what there is room for, within the enter that submits it, with EAGAIN if there is no room at all. If everything was sent,
/// there is no completion. Not an [`Op`], because only a ring can do it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SendNow {
    pub(crate) fd: RawFd,
    pub(crate) base: *const u8,
    pub(crate) len: u32,
}

impl Op {
    /// Another one for where it goes by its address, so that it need not be in memory where it does not.
    #[inline(always)]
    pub(super) fn copied(&self) -> Op {
        *self
    }
}

/// What the kernel says of one operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Completion {
    pub(crate) token: u64,
    /// The result, and above it the flags: two words pass in registers, three fields in memory.
    outcome: u64,
}

impl Completion {
    #[inline]
    pub(crate) fn new(token: u64, result: i32, flags: u32) -> Completion {
        Completion { token, outcome: (flags as u64) << 32 | result as u32 as u64 }
    }

    /// One that no ring made.
    pub(super) fn made(token: u64, result: i32, more: bool, buffer: Option<u16>) -> Completion {
        // Flags of io_uring_cqe: IORING_CQE_F_BUFFER, whose number is above, and IORING_CQE_F_MORE.
        let buffer = buffer.map_or(0, |buffer| (buffer as u32) << 16 | 1);
        Completion::new(token, result, buffer | (more as u32) << 1)
    }

    /// A count, a descriptor, or a negated error number.
    #[inline]
    pub(crate) fn result(&self) -> i32 {
        self.outcome as i32
    }

    #[inline]
    fn flags(&self) -> u32 {
        (self.outcome >> 32) as u32
    }

    /// Whether the operation goes on and more completions will follow.
    #[inline]
    pub(crate) fn more(&self) -> bool {
        io_uring::cqueue::more(self.flags())
    }

    /// The buffer of the shard's ring that was filled.
    #[inline]
    pub(crate) fn buffer(&self) -> Option<u16> {
        io_uring::cqueue::buffer_select(self.flags())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_completion_reads_like_one_of_a_ring() {
        let received = Completion::made(7, 100, true, Some(4095));
        assert_eq!((received.token, received.result()), (7, 100));
        assert_eq!((received.more(), received.buffer()), (true, Some(4095)));
        let failed = Completion::made(1 << 40, -libc::ECONNRESET, false, None);
        assert_eq!((failed.token, failed.result()), (1 << 40, -libc::ECONNRESET));
        assert_eq!((failed.more(), failed.buffer()), (false, None));
    }
}
