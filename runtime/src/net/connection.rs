//! One connection of a stream socket: what its two halves share, from the first operation to the close.
//!
//! The halves (`receive`, `transmit`) are independent. When the user has dropped both, received data is
//! dropped, what was flushed is still sent, and then the descriptor is closed.

use std::cell::Cell;
use std::io;
use std::net::Shutdown;
use std::os::fd::{IntoRawFd, OwnedFd, RawFd};
use std::task::{Context, Poll};

use super::given_away;
use super::receive::Receiver;
use super::transmit::Transmitter;
use crate::reactor::{self, Reactor, Shared, Source, View};
use crate::sys::op::{Completion, Op};
use crate::sys::socket;

/// Tags of the connection's operations.
pub(super) const RECEIVE: u8 = 0;
pub(super) const SEND: u8 = 1;
pub(super) const READABLE: u8 = 2;

const CLOSED: RawFd = -1;

/// Beside the number of halves: somebody wants to know when there are none.
const AWAITED: u8 = 1 << 7;

/// A connected socket.
pub(super) struct Connection {
    fd: Cell<RawFd>,
    /// Halves that the user holds.
    halves: Cell<u8>,
    /// Something came or went.
    active: Cell<bool>,
    /// Receiving was ended on this side.
    shut: Cell<bool>,
    /// Receiving goes on when the program stops.
    outlasts: Cell<bool>,
    pub(super) receiver: Receiver,
    pub(super) transmitter: Transmitter,
}

impl Connection {
    /// A connection whose two halves are both in use.
    pub(super) fn new(fd: OwnedFd) -> io::Result<Shared<Connection>> {
        let connection = Connection {
            fd: Cell::new(fd.into_raw_fd()),
            halves: Cell::new(2),
            active: Cell::new(false),
            shut: Cell::new(false),
            outlasts: Cell::new(false),
            receiver: Receiver::new(),
            transmitter: Transmitter::new(),
        };
        Shared::new(connection).map_err(|_| io::ErrorKind::OutOfMemory.into())
    }

    #[inline]
    pub(super) fn fd(&self) -> RawFd {
        self.fd.get()
    }

    /// What the kernel says about the socket; an error once it is closed.
    pub(super) fn ask<T>(&self, question: impl FnOnce(RawFd) -> io::Result<T>) -> io::Result<T> {
        match self.fd() {
            CLOSED => Err(io::Error::new(io::ErrorKind::NotConnected, "the connection is closed")),
            fd => question(fd),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.fd() == CLOSED
    }

    /// Whether the user has one of the halves.
    pub(super) fn is_held(&self) -> bool {
        self.halves.get() & !AWAITED > 0
    }

    /// Has [`given_away`] told when the user drops the last half.
    pub(super) fn tell_release(&self) {
        self.halves.set(self.halves.get() | AWAITED);
    }

    /// Ready when it is closed, for one who waits for that while nobody holds it.
    pub(super) fn poll_closed(&self, context: &mut Context<'_>) -> Poll<()> {
        debug_assert!(!self.is_held(), "its waker belongs to who writes");
        if self.is_closed() {
            return Poll::Ready(());
        }
        self.transmitter.wait(context)
    }

    /// Notes that something came or went.
    #[inline]
    pub(super) fn note_activity(&self) {
        self.active.set(true);
    }

    /// Whether anything came or went since the last call.
    pub(super) fn take_activity(&self) -> bool {
        self.active.take()
    }

    /// Lets receiving go on when the program stops, or not.
    pub(super) fn set_outlasts(&self, on: bool) {
        self.outlasts.set(on);
    }

    #[inline]
    pub(super) fn outlasts(&self) -> bool {
        self.outlasts.get()
    }

    /// Ends one or both directions; pending reads and writes see it (NET-8).
    ///
    /// A call and not an operation: the kernel's workers look the descriptor up when they come to it, and
    /// by then it may have been closed, and be that of another connection.
    pub(super) fn shutdown(&self, direction: Shutdown) {
        if direction != Shutdown::Write {
            self.shut.set(true);
        }
        if !self.is_closed() {
            socket::shutdown(self.fd(), direction);
        }
    }

    /// Whether receiving was ended on this side: by [`shutdown`](Self::shutdown), or because the shard stops.
    pub(super) fn is_shut_here(&self) -> bool {
        self.shut.get()
    }

    /// The user drops one half.
    pub(super) fn release_half(this: &Shared<Connection>) {
        this.halves.set(this.halves.get() - 1);
        if !this.is_held() {
            this.transmitter.abandon();
            if this.halves.get() == AWAITED {
                given_away::tell(this);
            }
            Connection::close_when_sent(this);
        }
    }

    /// Closes an abandoned connection if nothing is left to send.
    pub(super) fn close_when_sent(this: &Shared<Connection>) {
        if Transmitter::is_drained(this) && !this.is_closed() {
            let fd = this.fd.replace(CLOSED);
            if reactor::with(|reactor| reactor.push_ignored(Op::Close { fd })).is_none() {
                socket::close(fd);
            }
        }
    }
}

impl Source for Connection {
    #[inline(always)]
    fn complete(this: &Shared<Self>, reactor: &Reactor, tag: u8, completion: Completion) {
        this.note_activity();
        match tag {
            RECEIVE => Receiver::complete(this, reactor, completion),
            READABLE => Receiver::readable(this, reactor, completion),
            _ => Transmitter::complete(this, reactor, completion),
        }
    }

    #[inline]
    fn end_of_turn(this: Shared<Self>, reactor: &Reactor) {
        Transmitter::end_of_turn(this, reactor);
    }

    fn sent(this: &Shared<Self>, reactor: &Reactor, view: View, result: i32) {
        Transmitter::ended(this, reactor, view, result);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if !self.is_closed() {
            socket::close(self.fd());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_small() {
        assert!(size_of::<Connection>() <= 128 - 24, "{}", size_of::<Connection>());
        assert_eq!(size_of::<super::super::TcpStream>(), size_of::<usize>());
    }
}
