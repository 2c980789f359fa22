//! Accepting on one socket.
//!
//! One multishot accept stays armed while somebody accepts; connections that come faster than they are taken
//! wait in a short queue, and then in the kernel's.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::waiters::{Place, Waiters};
use crate::reactor::{self, Reactor, Shared, Source};
use crate::sys::op::{Completion, Op};
use crate::sys::socket;

/// Accepted connections that wait to be taken before accepting pauses.
const QUEUE_MAX: usize = 256;
/// How long to wait before accepting again after the process ran out of descriptors or memory.
const PAUSE_FIRST: Duration = Duration::from_millis(1);
const PAUSE_MAX: Duration = Duration::from_millis(100);

const ACCEPT: u8 = 0;

/// A listening socket on the shard that accepts from it.
pub(super) struct Acceptor {
    fd: OwnedFd,
    armed: Cell<bool>,
    pausing: Cell<bool>,
    aborted: Cell<bool>,
    error: Cell<i32>,
    /// How long to wait before the next attempt; grows while attempts fail.
    pause: Cell<Duration>,
    queue: RefCell<VecDeque<RawFd>>,
    /// Those who accept at the same time: each connection wakes them all, and one gets it.
    waiters: Waiters,
}

/// What came of waiting for a connection.
pub(super) enum Accepted {
    Connection(OwnedFd),
    /// Nobody accepts here any more.
    Aborted,
    /// Accepting failed; it can be tried again after the pause.
    Failed {
        error: io::Error,
        pause: Duration,
    },
}

impl Acceptor {
    pub(super) fn new(fd: OwnedFd) -> io::Result<Shared<Acceptor>> {
        let acceptor = Acceptor {
            fd,
            armed: Cell::new(false),
            pausing: Cell::new(false),
            aborted: Cell::new(false),
            error: Cell::new(0),
            pause: Cell::new(PAUSE_FIRST),
            queue: RefCell::new(VecDeque::with_capacity(QUEUE_MAX)),
            waiters: Waiters::new(),
        };
        Shared::new(acceptor).map_err(|_| io::ErrorKind::OutOfMemory.into())
    }

    /// The next connection.
    pub(super) fn accept(this: &Shared<Acceptor>) -> Accept<'_> {
        Accept { acceptor: this, place: Place::default() }
    }

    /// `None` if there is nothing yet.
    fn take(this: &Shared<Acceptor>, reactor: &Reactor) -> Option<Accepted> {
        if this.aborted.get() || reactor.is_stopping() {
            Acceptor::abort(this);
            return Some(Accepted::Aborted);
        }
        if let Some(fd) = this.queue.borrow_mut().pop_front() {
            this.pause.set(PAUSE_FIRST);
            // SAFETY: the kernel gave this descriptor to us, and the queue gave it up.
            return Some(Accepted::Connection(unsafe { OwnedFd::from_raw_fd(fd) }));
        }
        match this.error.take() {
            0 => {}
            error => return Some(this.failed(io::Error::from_raw_os_error(error))),
        }
        if !this.armed.get()
            && let Err(error) = Acceptor::begin(this, reactor)
        {
            return Some(this.failed(error));
        }
        None
    }

    fn begin(this: &Shared<Acceptor>, reactor: &Reactor) -> io::Result<()> {
        // SAFETY: an accept without an address points to no memory.
        unsafe { reactor.submit(Op::Accept { fd: this.fd.as_raw_fd() }, this.share(), ACCEPT) }?;
        this.armed.set(true);
        Ok(())
    }

    fn failed(&self, error: io::Error) -> Accepted {
        let pause = self.pause.get();
        self.pause.set((pause * 2).min(PAUSE_MAX));
        Accepted::Failed { error, pause }
    }

    /// Ends pending and future accepts, and drops connections that nobody took (NET-7).
    pub(super) fn abort(this: &Shared<Acceptor>) {
        this.aborted.set(true);
        if this.armed.get() && !this.pausing.replace(true) {
            reactor::with(|reactor| reactor.cancel(this, ACCEPT));
        }
        this.queue.borrow_mut().drain(..).for_each(socket::close);
        this.waiters.wake();
    }
}

/// Waiting for a connection.
pub(super) struct Accept<'a> {
    acceptor: &'a Shared<Acceptor>,
    place: Place,
}

impl Future for Accept<'_> {
    type Output = Accepted;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Accepted> {
        let acceptor = self.acceptor;
        let taken = reactor::with(|reactor| Acceptor::take(acceptor, reactor));
        if let Some(accepted) = taken.unwrap_or(Some(Accepted::Aborted)) {
            return Poll::Ready(accepted);
        }
        acceptor.waiters.wait(&mut self.place, context.waker());
        Poll::Pending
    }
}

impl Drop for Accept<'_> {
    fn drop(&mut self) {
        self.acceptor.waiters.leave(&mut self.place);
    }
}

impl Source for Acceptor {
    fn complete(this: &Shared<Self>, reactor: &Reactor, _tag: u8, completion: Completion) {
        if !completion.more() {
            this.armed.set(false);
            this.pausing.set(false);
        }
        match completion.result() {
            fd @ 0.. if this.aborted.get() => socket::close(fd),
            fd @ 0.. => {
                let mut queue = this.queue.borrow_mut();
                queue.push_back(fd);
                match (queue.len() >= QUEUE_MAX, this.armed.get()) {
                    (true, true) if !this.pausing.replace(true) => reactor.cancel(this, ACCEPT),
                    // The kernel does not go on by itself. Who accepts next hears of a failure.
                    (false, false) if !reactor.is_stopping() => drop(Acceptor::begin(this, reactor)),
                    _ => {}
                }
            }
            // A peer that gave up before it was accepted (accept(2)), or an accept that was ended here.
            error if [libc::ECANCELED, libc::ECONNABORTED, libc::EINTR, libc::EPROTO].contains(&-error) => {}
            error => this.error.set(-error),
        }
        this.waiters.wake();
    }
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        self.queue.borrow_mut().drain(..).for_each(socket::close);
    }
}
