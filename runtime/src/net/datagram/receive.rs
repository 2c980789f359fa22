//! Receiving datagrams.
//!
//! One multishot receive stays armed while somebody receives; what arrives before it is asked for waits as a chain of
//! filled buffers. Above a number of them the receive is cancelled, and the kernel keeps what comes, or drops it and counts.
//! Receiving is taking from the chain, so a future that is dropped loses nothing.
//!
//! When others hold all buffers, or datagrams are larger than one, they are received by calls, each into a block of its own.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{Address, Datagram};
use crate::net::TemporaryBuffer;
use crate::net::waiters::{Place, Waiters};
use crate::reactor::{self, Filling, Reactor, Received, Shared, Source, View};
use crate::sys::buffers::BufferRing;
use crate::sys::datagram::{self, Shape};
use crate::sys::op::{Completion, Op};

/// Unread datagrams at which receiving pauses.
const UNREAD_MAX: u32 = 64;
/// A block is given up for a small one if less than this part of it is used.
const SPARSE: usize = 8;

const RECEIVE: u8 = 0;
const READABLE: u8 = 1;

/// A receive is in flight.
const ARMED: u8 = 1 << 0;
/// It is being cancelled, because enough is unread.
const PAUSING: u8 = 1 << 1;
/// The socket is watched, to be received from by a call.
const WATCHED: u8 = 1 << 2;
/// Nothing more is received.
const SHUT: u8 = 1 << 3;
/// The user has dropped the socket.
const DROPPED: u8 = 1 << 4;

/// A socket of datagrams on its shard.
pub(in crate::net) struct Datagrams<A> {
    fd: OwnedFd,
    shape: Shape,
    /// The size of blocks, where datagrams do not fit the shard's buffers.
    block: Option<usize>,
    state: Cell<u8>,
    error: Cell<i32>,
    /// How many datagrams calls may still receive when nothing more is to be received.
    last: Cell<u32>,
    received: Received,
    /// What is left of datagrams that came together.
    together: RefCell<Option<Together<A>>>,
    waiters: Waiters,
}

/// Datagrams of one sender in one block, of one size but for the last.
struct Together<A> {
    view: View,
    size: usize,
    source: A,
}

impl<A: Address> Datagrams<A> {
    /// The largest datagram that fits a buffer of the shard, behind what the kernel writes before it.
    pub(in crate::net) const IN_A_BUFFER: usize = Shape::room(BufferRing::BUFFER_SIZE, A::SIZE);

    /// Takes over a bound socket. Datagrams above `block` bytes are cut, or above what a buffer of the shard holds.
    pub(in crate::net) fn new(fd: OwnedFd, block: Option<usize>) -> io::Result<Shared<Datagrams<A>>> {
        let datagrams = Datagrams {
            fd,
            shape: Shape::new(A::SIZE),
            block,
            state: Cell::new(0),
            error: Cell::new(0),
            last: Cell::new(UNREAD_MAX),
            received: Received::new(),
            together: RefCell::new(None),
            waiters: Waiters::new(),
        };
        Shared::new(datagrams).map_err(|_| io::ErrorKind::OutOfMemory.into())
    }

    #[inline]
    pub(in crate::net) fn fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }

    /// The next datagram.
    pub(in crate::net) fn receive(this: &Shared<Datagrams<A>>) -> Receive<'_, A> {
        Receive { datagrams: this, place: Place::default() }
    }

    /// Ends pending and future receives, after what has come by now.
    pub(in crate::net) fn shut(this: &Shared<Datagrams<A>>) {
        reactor::with(|reactor| this.stop(this, reactor));
        this.waiters.wake();
    }

    /// The user has dropped the socket: it is closed when nothing is in flight.
    pub(in crate::net) fn release(this: &Shared<Datagrams<A>>) {
        this.set(DROPPED);
        reactor::with(|reactor| {
            this.stop(this, reactor);
        });
        while this.received.pop().is_some() {}
        drop(this.together.take());
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

    #[cold]
    fn stop(&self, this: &Shared<Datagrams<A>>, reactor: &Reactor) {
        if !self.is(SHUT) {
            self.set(SHUT);
            self.pause(this, reactor);
            if self.is(WATCHED) {
                reactor.cancel(this, READABLE);
            }
        }
    }

    #[cold]
    fn pause(&self, this: &Shared<Datagrams<A>>, reactor: &Reactor) {
        if self.is(ARMED) && !self.is(PAUSING) {
            self.set(PAUSING);
            reactor.cancel(this, RECEIVE);
        }
    }

    /// A datagram that is here, or an end; `None` if it has to be waited for.
    fn take(this: &Shared<Datagrams<A>>, reactor: &Reactor) -> Option<io::Result<Datagram<A>>> {
        if reactor.is_stopping() {
            this.stop(this, reactor);
        }
        if let Some(datagram) = this.take_together().or_else(|| this.take_received()) {
            return Some(Ok(datagram));
        }
        match this.error.take() {
            0 => {}
            error => return Some(Err(io::Error::from_raw_os_error(error))),
        }
        if this.is(ARMED | WATCHED) {
            return None;
        }
        if this.is(SHUT) {
            let aborted = || Err(aborted("no more is received on this socket, or the program stops"));
            return Some(this.receive_last(reactor).unwrap_or_else(aborted));
        }
        Datagrams::begin(this, reactor)
    }

    #[inline]
    fn take_received(&self) -> Option<Datagram<A>> {
        loop {
            let mut view = self.received.pop()?;
            // Nothing else comes into the buffers of this socket.
            let Some(found) = self.shape.find(&view) else { continue };
            let source = A::decode(&view[found.source]);
            view.trim(found.bytes.end);
            view.trim_front(found.bytes.start);
            return Some(Datagram { bytes: TemporaryBuffer(view), source, is_truncated: found.is_cut });
        }
    }

    fn take_together(&self) -> Option<Datagram<A>> {
        let mut place = self.together.borrow_mut();
        let together = place.as_mut()?;
        let size = together.size.min(together.view.len());
        let mut view = together.view.clone();
        view.trim(size);
        together.view.trim_front(size);
        let source = together.source.clone();
        if together.view.is_empty() {
            *place = None;
        }
        Some(Datagram { bytes: TemporaryBuffer(view), source, is_truncated: false })
    }

    /// Starts to receive. Returns what there is already where that is done by a call.
    #[cold]
    #[inline(never)]
    fn begin(this: &Shared<Datagrams<A>>, reactor: &Reactor) -> Option<io::Result<Datagram<A>>> {
        if reactor.is_ending() {
            return Some(Err(io::Error::from_raw_os_error(libc::ECANCELED)));
        }
        let begun = if this.is_buffered(reactor) {
            let op = Op::ReceiveDatagrams { fd: this.fd(), shape: &raw const this.shape };
            this.submit(this, reactor, op, RECEIVE, ARMED)
        } else {
            match this.receive_now() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    this.submit(this, reactor, Op::AwaitReadable { fd: this.fd() }, READABLE, WATCHED)
                }
                received => return Some(received),
            }
        };
        begun.err().map(Err)
    }

    fn submit(
        &self,
        this: &Shared<Datagrams<A>>,
        reactor: &Reactor,
        op: Op,
        tag: u8,
        flag: u8,
    ) -> io::Result<()> {
        // SAFETY: the shape lies in the source; the other operation points to no memory.
        unsafe { reactor.submit(op, this.share(), tag) }?;
        self.set(flag);
        Ok(())
    }

    /// Whether datagrams are received into the shard's buffers, now.
    fn is_buffered(&self, reactor: &Reactor) -> bool {
        self.block.is_none() && reactor.receives_datagrams() && reactor.buffers().has_some()
    }

    /// What has come by now and no buffer holds; not for ever, because peers may go on.
    #[cold]
    fn receive_last(&self, reactor: &Reactor) -> Option<io::Result<Datagram<A>>> {
        let left = self.last.get();
        if left == 0 || self.is_buffered(reactor) {
            return None;
        }
        self.last.set(left - 1);
        let received = self.receive_now();
        let is_last = received.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
        (!is_last).then_some(received)
    }

    /// What has arrived, in a block of its own.
    fn receive_now(&self) -> io::Result<Datagram<A>> {
        let room = self.block.unwrap_or(Datagrams::<A>::IN_A_BUFFER);
        let mut filling = Filling::new(room).ok_or(io::ErrorKind::OutOfMemory)?;
        let mut arrived = None;
        // SAFETY: the kernel says how much it has written.
        let len = unsafe {
            filling.fill(|memory| {
                let found = datagram::receive(self.fd(), &mut memory[..room])?;
                Ok::<_, io::Error>(arrived.insert(found).len)
            })
        }?;
        let arrived = arrived.ok_or(io::ErrorKind::WouldBlock)?;
        let source = A::decode(&arrived.source[..arrived.source_len]);
        let mut view = filling.into_view();
        if let Some(size) = arrived.segment.filter(|size| (1..len).contains(size)) {
            let mut first = view.clone();
            first.trim(size);
            view.trim_front(size);
            *self.together.borrow_mut() = Some(Together { view, size, source: source.clone() });
            return Ok(Datagram { bytes: TemporaryBuffer(first), source, is_truncated: arrived.is_cut });
        }
        if len < room / SPARSE
            && let Some(copy) = View::copy_of(&view)
        {
            view = copy;
        }
        Ok(Datagram { bytes: TemporaryBuffer(view), source, is_truncated: arrived.is_cut })
    }

    fn failed(&self, error: i32) {
        match error {
            // The next receive begins again.
            libc::ECANCELED | libc::EINTR | libc::EAGAIN | libc::ENOBUFS => {}
            _ => self.error.set(error),
        }
    }
}

fn aborted(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, why)
}

impl<A: Address> Source for Datagrams<A> {
    fn complete(this: &Shared<Self>, reactor: &Reactor, tag: u8, completion: Completion) {
        if tag == READABLE {
            this.clear(WATCHED);
        } else {
            if !completion.more() {
                this.clear(ARMED | PAUSING);
            }
            if let Some(buffer) = completion.buffer() {
                if completion.result() > 0 && !this.is(DROPPED) {
                    let unread = this.received.push(reactor.buffers(), buffer, completion.result() as u32);
                    if unread >= UNREAD_MAX {
                        this.pause(this, reactor);
                    }
                } else {
                    reactor.buffers().discard(buffer);
                }
            }
        }
        if completion.result() < 0 {
            this.failed(-completion.result());
        }
        // Also when nothing came: who waits begins again.
        this.waiters.wake();
    }
}

/// Waiting for a datagram.
pub(in crate::net) struct Receive<'a, A: Address> {
    datagrams: &'a Shared<Datagrams<A>>,
    place: Place,
}

impl<A: Address> Future for Receive<'_, A> {
    type Output = io::Result<Datagram<A>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<Datagram<A>>> {
        let datagrams = self.datagrams;
        // What is received by calls, because it is large or there are no buffers, is always ready while peers send.
        if !datagrams.is(ARMED) && reactor::need_preempt() {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let off_shard = || Some(Err(io::Error::other("receive on a thread that is no shard")));
        let taken = reactor::with(|reactor| Datagrams::take(datagrams, reactor)).unwrap_or_else(off_shard);
        match taken {
            Some(taken) => Poll::Ready(taken),
            None => {
                datagrams.waiters.wait(&mut self.place, context.waker());
                Poll::Pending
            }
        }
    }
}

impl<A: Address> Drop for Receive<'_, A> {
    fn drop(&mut self) {
        self.datagrams.waiters.leave(&mut self.place);
    }
}
