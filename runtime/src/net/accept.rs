//! Accepting on one socket.
//!
//! One multishot accept stays armed while somebody accepts; connections that come faster than they are taken
//! wait in a short queue, and then in the kernel's.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

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
    /// Fibers that accept at the same time: each connection wakes them all, and one gets it.
    waiters: RefCell<VecDeque<Waker>>,
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
            waiters: RefCell::new(VecDeque::with_capacity(4)),
        };
        Shared::new(acceptor).map_err(|_| io::ErrorKind::OutOfMemory.into())
    }

    /// The next connection.
    pub(super) fn poll(this: &Shared<Acceptor>, context: &mut Context<'_>) -> Poll<Accepted> {
        let polled = reactor::with(|reactor| Acceptor::poll_on(this, reactor, context));
        polled.unwrap_or(Poll::Ready(Accepted::Aborted))
    }

    fn poll_on(this: &Shared<Acceptor>, reactor: &Reactor, context: &mut Context<'_>) -> Poll<Accepted> {
        if this.aborted.get() || reactor.is_stopping() {
            Acceptor::abort(this);
            return Poll::Ready(Accepted::Aborted);
        }
        if let Some(fd) = this.queue.borrow_mut().pop_front() {
            this.pause.set(PAUSE_FIRST);
            // SAFETY: the kernel gave this descriptor to us, and the queue gave it up.
            return Poll::Ready(Accepted::Connection(unsafe { OwnedFd::from_raw_fd(fd) }));
        }
        match this.error.take() {
            0 => {}
            error => return Poll::Ready(this.failed(io::Error::from_raw_os_error(error))),
        }
        if !this.armed.get() {
            // SAFETY: an accept without an address points to no memory.
            match unsafe { reactor.submit(Op::Accept { fd: this.fd.as_raw_fd() }, this, ACCEPT) } {
                Ok(()) => this.armed.set(true),
                Err(error) => return Poll::Ready(this.failed(error)),
            }
        }
        this.wait(context.waker());
        Poll::Pending
    }

    fn wait(&self, waker: &Waker) {
        let mut waiters = self.waiters.borrow_mut();
        if !waiters.iter().any(|waiter| waiter.will_wake(waker)) {
            waiters.push_back(waker.clone());
        }
    }

    fn wake(&self) {
        let waiting = self.waiters.borrow().len();
        for _ in 0..waiting {
            let next = self.waiters.borrow_mut().pop_front();
            next.into_iter().for_each(Waker::wake);
        }
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
        this.wake();
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
                if queue.len() >= QUEUE_MAX && this.armed.get() && !this.pausing.replace(true) {
                    reactor.cancel(this, ACCEPT);
                }
            }
            // A peer that gave up before it was accepted (accept(2)), or an accept that was ended here.
            error if [libc::ECANCELED, libc::ECONNABORTED, libc::EINTR, libc::EPROTO].contains(&-error) => {}
            error => this.error.set(-error),
        }
        this.wake();
    }
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        self.queue.borrow_mut().drain(..).for_each(socket::close);
    }
}
