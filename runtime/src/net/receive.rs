//! The receiving half of a connection.
//!
//! One multishot receive stays armed while somebody reads; what arrives before it is asked for waits as a
//! chain of filled buffers. Above a few the receive is cancelled, so that the peer's window closes, and it is
//! armed again when they have been read. Reading is taking from the chain, so a read that is dropped
//! loses nothing.
//!
//! When others hold all buffers, the reader waits until the socket is readable and takes a block of its own.

use std::cell::Cell;
use std::io;
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::task::{Context, Poll, ready};

use super::connection::{Connection, READABLE, RECEIVE};
use crate::reactor::{self, Filling, Reactor, Received, Shared, View};
use crate::sys::buffers::BufferRing;
use crate::sys::op::{Completion, Op};
use crate::sys::socket;
use crate::task::WakerSlot;

/// Unread buffers at which receiving pauses.
const UNREAD_MAX: u32 = 8;

/// A receive is in flight.
const ARMED: u8 = 1 << 0;
/// It is being cancelled, because enough is unread.
const PAUSING: u8 = 1 << 1;
/// There are no buffers: the socket is watched instead.
const WATCHED: u8 = 1 << 2;
/// The peer sends no more.
const END: u8 = 1 << 3;
/// There is a failure that was not told.
const FAILED: u8 = 1 << 4;
/// The socket was told to receive no more, because the shard stops.
const SHUT: u8 = 1 << 5;
/// The user dropped this half.
const DROPPED: u8 = 1 << 6;
/// The socket was seen to be readable.
const SEEN: u8 = 1 << 7;

/// Bytes that are read at once without a buffer; fewer when memory is short.
const BLOCK_SIZES: [usize; 2] = [Filling::capacity_of(BufferRing::BUFFER_SIZE), Filling::capacity_of(1024)];

/// The most bytes that one poll returns.
pub(super) const RECEIVED_MAX: usize = BufferRing::BUFFER_SIZE;

pub(super) struct Receiver {
    state: Cell<u8>,
    received: Received,
    error: Cell<i32>,
    waker: WakerSlot,
}

impl Receiver {
    pub(super) const fn new() -> Receiver {
        Receiver {
            state: Cell::new(0),
            received: Received::new(),
            error: Cell::new(0),
            waker: WakerSlot::new(),
        }
    }

    #[inline]
    fn is(&self, flags: u8) -> bool {
        self.state.get() & flags != 0
    }

    #[inline]
    fn set(&self, flags: u8) {
        self.state.set(self.state.get() | flags);
    }

    #[inline]
    fn clear(&self, flags: u8) {
        self.state.set(self.state.get() & !flags);
    }

    /// The next bytes; none at the end of the stream.
    #[inline]
    pub(super) fn poll(this: &Shared<Connection>, context: &mut Context<'_>) -> Poll<io::Result<View>> {
        Receiver::poll_up_to(this, usize::MAX, context)
    }

    /// The next bytes, in `room`, and how many; none at the end of the stream, and where there is no room.
    #[inline]
    pub(super) fn poll_into(
        this: &Shared<Connection>,
        room: &mut [MaybeUninit<u8>],
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let copied = this.receiver.received.copy(room);
        if copied > 0 || room.is_empty() {
            return Poll::Ready(Ok(copied));
        }
        // Without a buffer, what is read at once is no more than was asked for.
        let view = ready!(Receiver::poll_up_to(this, room.len(), context))?;
        room[..view.len()].write_copy_of_slice(&view);
        Poll::Ready(Ok(view.len()))
    }

    #[inline]
    fn poll_up_to(
        this: &Shared<Connection>,
        len: usize,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<View>> {
        let receiver = &this.receiver;
        if let Some(view) = receiver.received.pop() {
            return Poll::Ready(Ok(view));
        }
        let will_come = receiver.state.get() & (ARMED | END | FAILED) == ARMED;
        if will_come && reactor::with(|reactor| reactor.is_stopping()) == Some(false) {
            receiver.waker.set(context.waker());
            return Poll::Pending;
        }
        Receiver::poll_otherwise(this, len, context)
    }

    /// Nothing has arrived, and perhaps nothing will unless it is asked for.
    #[cold]
    #[inline(never)]
    fn poll_otherwise(
        this: &Shared<Connection>,
        len: usize,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<View>> {
        let receiver = &this.receiver;
        let read = reactor::with(|reactor| {
            if reactor.is_stopping() && !this.outlasts() {
                receiver.stop(this, reactor);
            }
            if receiver.is(END | FAILED) {
                return receiver.end();
            }
            if receiver.is(ARMED | WATCHED) {
                return None;
            }
            if receiver.is(SHUT) {
                return Some(Receiver::last(this, len));
            }
            Receiver::begin(this, len, reactor).map(Ok).or_else(|| receiver.end())
        });
        match read {
            Some(Some(read)) => Poll::Ready(read),
            Some(None) => {
                receiver.waker.set(context.waker());
                Poll::Pending
            }
            None => Poll::Ready(Err(io::Error::other("read on a thread that is no shard"))),
        }
    }

    /// Ready when there is a failure that was not told.
    #[cfg(feature = "hyper")]
    pub(super) fn poll_failed(this: &Shared<Connection>, context: &mut Context<'_>) -> Poll<()> {
        if this.receiver.is(FAILED) {
            return Poll::Ready(());
        }
        this.receiver.waker.set(context.waker());
        Poll::Pending
    }

    /// The shard stops: what has come by now is still read, and no more, because a peer that goes on sending must not
    /// keep it from its end. (To shut the socket down is not enough: the kernel then takes in more all the same.)
    #[cold]
    #[inline(never)]
    fn stop(&self, this: &Shared<Connection>, reactor: &Reactor) {
        if !self.is(SHUT) {
            self.set(SHUT);
            this.shutdown(Shutdown::Read);
            self.pause(this, reactor);
        }
    }

    /// What the socket still has when nothing more is received, as far as it fits a block; then the end. Who reads less at
    /// a time does so until there is less.
    #[cold]
    #[inline(never)]
    fn last(this: &Shared<Connection>, len: usize) -> io::Result<View> {
        let read = read_now(this, len);
        if !read.as_ref().is_ok_and(|view| view.len() == len) {
            this.receiver.set(END);
        }
        match read {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(View::of_static(&[])),
            read => read,
        }
    }

    /// How the stream has ended, if it has. A failure is told once.
    fn end(&self) -> Option<io::Result<View>> {
        if self.is(FAILED) {
            self.clear(FAILED);
            self.set(END);
            return Some(Err(io::Error::from_raw_os_error(self.error.get())));
        }
        self.is(END).then(|| Ok(View::of_static(&[])))
    }

    fn fail(&self, error: i32) {
        self.error.set(error);
        self.set(FAILED);
    }

    /// Starts to receive, into the shard's buffers if there are any, or else as soon as the socket is
    /// readable. Returns what could be read at once.
    #[cold]
    #[inline(never)]
    fn begin(this: &Shared<Connection>, len: usize, reactor: &Reactor) -> Option<View> {
        let receiver = &this.receiver;
        let seen = receiver.is(SEEN);
        receiver.clear(SEEN);
        if reactor.is_ending() {
            receiver.fail(libc::ECANCELED);
            return None;
        }
        if reactor.buffers().has_some() {
            receiver.submit(this, reactor, Op::Receive { fd: this.fd() }, RECEIVE, ARMED);
            return None;
        }
        match if seen { read_now(this, len) } else { Err(io::ErrorKind::WouldBlock.into()) } {
            Ok(view) if view.is_empty() => receiver.set(END),
            Ok(view) => return Some(view),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                receiver.submit(this, reactor, Op::AwaitReadable { fd: this.fd() }, READABLE, WATCHED);
            }
            Err(error) => receiver.fail(error.raw_os_error().unwrap_or(libc::ENOMEM)),
        }
        None
    }

    fn submit(&self, this: &Shared<Connection>, reactor: &Reactor, op: Op, tag: u8, flag: u8) {
        // SAFETY: neither of the two operations points to memory.
        match unsafe { reactor.submit(op, this.share(), tag) } {
            Ok(()) => self.set(flag),
            Err(refused) => self.fail(refused.error.raw_os_error().unwrap_or(libc::EIO)),
        }
    }

    #[inline(always)]
    pub(super) fn complete(this: &Shared<Connection>, reactor: &Reactor, completion: Completion) {
        let receiver = &this.receiver;
        match completion.buffer() {
            Some(buffer) if completion.more() && completion.result() > 0 && !receiver.is(DROPPED) => {
                let unread = receiver.received.push(reactor.buffers(), buffer, completion.result() as u32);
                if unread >= UNREAD_MAX {
                    receiver.pause(this, reactor);
                }
                if reactor.is_stopping() && !this.outlasts() {
                    receiver.stop(this, reactor);
                }
                receiver.waker.wake();
            }
            _ => Receiver::complete_otherwise(this, reactor, completion),
        }
    }

    #[cold]
    #[inline(never)]
    fn pause(&self, this: &Shared<Connection>, reactor: &Reactor) {
        if self.is(ARMED) && !self.is(PAUSING) {
            self.set(PAUSING);
            reactor.cancel(this, RECEIVE);
        }
    }

    /// A completion that is the last one, or a failure, or for nobody.
    #[cold]
    #[inline(never)]
    fn complete_otherwise(this: &Shared<Connection>, reactor: &Reactor, completion: Completion) {
        let receiver = &this.receiver;
        if !completion.more() {
            receiver.clear(ARMED | PAUSING);
        }
        if let Some(buffer) = completion.buffer() {
            if completion.result() > 0 && !receiver.is(DROPPED) {
                receiver.received.push(reactor.buffers(), buffer, completion.result() as u32);
            } else {
                // Nothing in it, or nobody to read it.
                reactor.buffers().discard(buffer);
            }
        }
        match completion.result() {
            1.. => {}
            0 => receiver.set(END),
            error => receiver.ended_with(-error),
        }
        Receiver::go_on(this, reactor);
    }

    /// The socket is readable, or at its end, or cannot be watched.
    #[cold]
    #[inline(never)]
    pub(super) fn readable(this: &Shared<Connection>, reactor: &Reactor, completion: Completion) {
        let receiver = &this.receiver;
        receiver.clear(WATCHED);
        match completion.result() {
            0.. => receiver.set(SEEN),
            error => receiver.ended_with(-error),
        }
        Receiver::go_on(this, reactor);
    }

    /// An operation has ended. Begins the next one for a reader that still waits (the receive was paused, but read
    /// empty before the pause came through; or there were no buffers), or wakes it if there is something for it.
    fn go_on(this: &Shared<Connection>, reactor: &Reactor) {
        let receiver = &this.receiver;
        let under_way_or_over = receiver.is(ARMED | WATCHED | SEEN | END | SHUT | FAILED);
        // The waker may also be of somebody who only waits for a failure.
        if receiver.waker.is_set() && receiver.received.is_empty() && !under_way_or_over {
            Receiver::begin(this, 0, reactor);
        }
        receiver.tell_news();
    }

    /// Wakes the reader if there is something for it.
    fn tell_news(&self) {
        let last = self.is(SHUT) && !self.is(ARMED | WATCHED);
        if last || !self.received.is_empty() || self.is(END | SEEN | FAILED) {
            self.waker.wake();
        }
    }

    fn ended_with(&self, error: i32) {
        match error {
            // Goes on with the next read, or at once for one that waits.
            libc::ECANCELED | libc::EINTR | libc::EAGAIN | libc::ENOBUFS => {}
            _ => self.fail(error),
        }
    }

    /// The user reads no more: what comes, and what has come, goes.
    pub(super) fn drop_half(this: &Shared<Connection>) {
        let receiver = &this.receiver;
        receiver.set(DROPPED);
        receiver.waker.clear();
        reactor::with(|reactor| {
            if receiver.is(ARMED) {
                reactor.cancel(this, RECEIVE);
            }
            if receiver.is(WATCHED) {
                reactor.cancel(this, READABLE);
            }
        });
        while receiver.received.pop().is_some() {}
        Connection::release_half(this);
    }
}

/// What has arrived, in a block of its own; at most `len` bytes.
#[cold]
fn read_now(this: &Shared<Connection>, len: usize) -> io::Result<View> {
    let mut filling = BLOCK_SIZES.into_iter().find_map(Filling::new).ok_or(io::ErrorKind::OutOfMemory)?;
    // SAFETY: the kernel says how much it has written.
    unsafe { filling.fill(|room| socket::receive(this.fd(), within(room, len))) }?;
    Ok(filling.into_view())
}

/// The first `len` bytes of `room`, or all.
fn within(room: &mut [MaybeUninit<u8>], len: usize) -> &mut [MaybeUninit<u8>] {
    let len = room.len().min(len);
    &mut room[..len]
}
