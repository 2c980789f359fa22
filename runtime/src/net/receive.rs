//! The receiving half of a connection.
//!
//! One multishot receive stays armed while somebody reads; what arrives before it is asked for waits as a
//! chain of filled buffers. Above a few the receive is cancelled, so that the peer's window closes, and it is
//! armed again when they have been read. Reading is taking from the chain, so a read that is dropped
//! loses nothing.

use std::cell::Cell;
use std::io;
use std::net::Shutdown;
use std::task::{Context, Poll};

use super::connection::{Connection, RECEIVE};
use crate::reactor::{self, Reactor, Received, Shared, View};
use crate::sys::op::{Completion, Op};
use crate::task::WakerSlot;

/// Unread buffers at which receiving pauses.
const UNREAD_MAX: u16 = 8;

/// A receive is in flight.
const ARMED: u8 = 1 << 0;
/// It is being cancelled, because enough is unread.
const PAUSING: u8 = 1 << 1;
/// It ended for want of buffers, and goes on when there are some.
const STARVED: u8 = 1 << 2;
/// The peer sends no more.
const END: u8 = 1 << 3;
/// Somebody waits for data.
const WAITING: u8 = 1 << 4;
/// The socket was told to receive no more, because the shard stops.
const SHUT: u8 = 1 << 5;
/// The user dropped this half.
const DROPPED: u8 = 1 << 6;

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
        let polled = reactor::with(|reactor| Receiver::poll_on(this, reactor, context));
        polled.unwrap_or_else(|| Poll::Ready(Err(io::Error::other("read on a thread that is no shard"))))
    }

    #[inline]
    fn poll_on(
        this: &Shared<Connection>,
        reactor: &Reactor,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<View>> {
        let receiver = &this.receiver;
        if let Some(view) = receiver.received.pop(reactor.buffers()) {
            return Poll::Ready(Ok(view));
        }
        if receiver.received.has_lost() {
            let text = "the runtime that received what comes next has ended";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, text)));
        }
        if let Some(end) = receiver.end() {
            return Poll::Ready(end);
        }
        if !receiver.is(ARMED | STARVED) {
            Receiver::arm(this, reactor);
        }
        if reactor.is_stopping() && !receiver.is(SHUT) {
            receiver.set(SHUT);
            this.shutdown(Shutdown::Read);
        }
        receiver.set(WAITING);
        receiver.waker.set(context.waker());
        Poll::Pending
    }

    /// How the stream has ended, if it has. A failure is told once.
    fn end(&self) -> Option<io::Result<View>> {
        match self.error.take() {
            0 if self.is(END) => Some(Ok(View::of_static(&[]))),
            0 => None,
            error => {
                self.set(END);
                Some(Err(io::Error::from_raw_os_error(error)))
            }
        }
    }

    fn arm(this: &Shared<Connection>, reactor: &Reactor) {
        // SAFETY: a receive into the shard's buffers points to no memory.
        match unsafe { reactor.submit(Op::Receive { fd: this.fd() }, this, RECEIVE) } {
            Ok(()) => this.receiver.set(ARMED),
            Err(error) => this.receiver.error.set(error.raw_os_error().unwrap_or(libc::EIO)),
        }
    }

    #[inline]
    pub(super) fn complete(this: &Shared<Connection>, completion: Completion) {
        reactor::with(|reactor| Receiver::complete_on(this, reactor, completion));
    }

    #[inline]
    fn complete_on(this: &Shared<Connection>, reactor: &Reactor, completion: Completion) {
        let receiver = &this.receiver;
        if !completion.more() {
            receiver.clear(ARMED | PAUSING);
        }
        if let Some(buffer) = completion.buffer() {
            receiver.take_in(reactor, buffer, completion.result);
        }
        match completion.result {
            1.. => receiver.pause_if_full(this, reactor),
            0 => receiver.set(END),
            error => Receiver::failed(this, reactor, -error),
        }
        // Paused, but read empty before the pause came through.
        if receiver.is(WAITING) && !receiver.is(ARMED | STARVED | END) && receiver.error.get() == 0 {
            Receiver::arm(this, reactor);
        }
        let news = receiver.received.count() > 0 || receiver.is(END) || receiver.error.get() != 0;
        if news && receiver.is(WAITING) {
            receiver.clear(WAITING);
            receiver.waker.wake();
        }
    }

    #[inline]
    fn take_in(&self, reactor: &Reactor, buffer: u16, len: i32) {
        let buffers = reactor.buffers();
        buffers.filled(buffer, len.max(0) as usize);
        self.received.push(buffers, buffer);
        if len <= 0 || self.is(DROPPED) {
            // Nothing in it, or nobody to read it.
            while self.received.pop(buffers).is_some() {}
        }
    }

    #[inline]
    fn pause_if_full(&self, this: &Shared<Connection>, reactor: &Reactor) {
        if self.received.count() >= UNREAD_MAX && self.is(ARMED) && !self.is(PAUSING) {
            self.set(PAUSING);
            reactor.cancel(this, RECEIVE);
        }
    }

    fn failed(this: &Shared<Connection>, reactor: &Reactor, error: i32) {
        let receiver = &this.receiver;
        match error {
            // Only for somebody who waits: what nobody reads must not take the buffers of others.
            libc::ENOBUFS if receiver.is(WAITING) => {
                receiver.set(STARVED);
                reactor.buffers().starve(this);
            }
            // Armed again by the next read, or by the one that waits.
            libc::ECANCELED | libc::EINTR | libc::EAGAIN | libc::ENOBUFS => {}
            _ => receiver.error.set(error),
        }
    }

    /// There are buffers again.
    #[inline]
    pub(super) fn end_of_turn(this: &Shared<Connection>) {
        let receiver = &this.receiver;
        if receiver.is(STARVED) {
            receiver.clear(STARVED);
            if !receiver.is(DROPPED) {
                reactor::with(|reactor| Receiver::arm(this, reactor));
            }
        }
    }

    /// The user reads no more: what comes, and what has come, goes.
    pub(super) fn drop_half(this: &Shared<Connection>) {
        let receiver = &this.receiver;
        receiver.set(DROPPED);
        receiver.clear(WAITING);
        receiver.waker.clear();
        reactor::with(|reactor| {
            if receiver.is(ARMED) {
                reactor.cancel(this, RECEIVE);
            }
            while receiver.received.pop(reactor.buffers()).is_some() {}
        });
        Connection::release_half(this);
    }
}
