//! The way to the kernel: one of two drivers, behind one face.
//!
//! Both take operations and give completions. io_uring lets the kernel perform them; epoll tells when they would not
//! wait, and performs them itself. An enum, so that each call costs a branch that is always the same.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::os::fd::RawFd;

use super::buffers::BufferRing;
use super::op::{Completion, Op, SendNow};
pub(crate) use super::uring::{Feature, Features};
use super::{epoll, uring};

/// Which driver is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    IoUring(Features),
    Epoll,
}

/// What io_uring offers here, less what is not wanted; or why it cannot be used: it is forbidden, or too old.
pub(crate) fn probe_io_uring(without: Features) -> io::Result<Features> {
    uring::probe(without)
}

/// How long [`Driver::enter`] may sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Not at all.
    No,
    /// Until a completion, at most this many nanoseconds.
    Nanos(u64),
    /// Until a completion.
    Forever,
}

/// What a shard talks to the kernel with; used by one thread.
pub(crate) enum Driver {
    Uring(uring::Driver),
    Epoll(RefCell<epoll::Driver>),
}

impl Driver {
    pub(crate) fn new(backend: Backend) -> io::Result<Driver> {
        match backend {
            Backend::IoUring(features) => uring::Driver::new(features).map(Driver::Uring),
            Backend::Epoll => epoll::Driver::new().map(|driver| Driver::Epoll(RefCell::new(driver))),
        }
    }

    /// What it got from the kernel, for the log.
    pub(crate) fn features(&self) -> impl fmt::Display + use<> {
        match self {
            Driver::Uring(driver) => format!("an io_uring with {}", driver.features()),
            Driver::Epoll(_) => "epoll".to_owned(),
        }
    }

    /// The descriptor to which other shards send [`Op::Ring`].
    pub(crate) fn fd(&self) -> RawFd {
        match self {
            Driver::Uring(driver) => driver.fd(),
            Driver::Epoll(driver) => driver.borrow().fd(),
        }
    }

    /// Queues an operation for the next [`enter`](Self::enter). Fails when the kernel takes nothing, or knows no
    /// such operation.
    ///
    /// # Safety
    ///
    /// Memory that `op` points to stays valid until the last completion with this token.
    #[inline(always)]
    pub(crate) unsafe fn push(&self, op: Op, token: u64) -> io::Result<()> {
        match self {
            // SAFETY: promised by the caller.
            Driver::Uring(driver) => unsafe { driver.push(op, token) },
            // SAFETY: as above.
            Driver::Epoll(driver) => unsafe { push_to_epoll(driver, op.copied(), token) },
        }
    }

    /// Queues a send of whose success nothing is told.
    ///
    /// # Safety
    ///
    /// Memory that `send` points to stays valid until it has failed, or the next [`enter`](Self::enter) has left no submissions.
    #[inline(always)]
    pub(crate) unsafe fn push_now(&self, send: SendNow, token: u64) -> io::Result<()> {
        match self {
            // SAFETY: promised by the caller.
            Driver::Uring(driver) => unsafe { driver.push_now(send, token) },
            Driver::Epoll(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Whether there are completions, or the kernel is known to have some. It may have others if it
    /// [has to be asked](Self::has_to_be_asked).
    #[inline]
    pub(crate) fn has_news(&self) -> bool {
        match self {
            Driver::Uring(driver) => driver.has_news(),
            Driver::Epoll(driver) => driver.borrow().has_news(),
        }
    }

    /// Whether only [`enter`](Self::enter) tells what the kernel has.
    #[inline]
    pub(crate) fn has_to_be_asked(&self) -> bool {
        matches!(self, Driver::Epoll(_))
    }

    /// Whether there is [`push_now`](Self::push_now).
    pub(crate) fn keeps_quiet(&self) -> bool {
        matches!(self, Driver::Uring(_))
    }

    /// Whether operations wait for the next enter.
    #[inline]
    pub(crate) fn has_submissions(&self) -> bool {
        match self {
            Driver::Uring(driver) => driver.has_submissions(),
            Driver::Epoll(driver) => driver.borrow().has_submissions(),
        }
    }

    /// Begins what is queued, takes in what the kernel has, and sleeps for a completion as `wait` says.
    ///
    /// Interrupted, shortened and timed-out sleeps are ordinary returns.
    pub(crate) fn enter(&self, wait: Wait) -> io::Result<()> {
        match self {
            Driver::Uring(driver) => driver.enter(wait),
            Driver::Epoll(driver) => enter_epoll(driver, wait),
        }
    }

    /// Passes on the completions that there are, oldest first; what is done for one may enter the kernel. False if the kernel has
    /// some that it could not post yet.
    #[inline]
    pub(crate) fn take_all(&self, mut each: impl FnMut(Completion)) -> bool {
        match self {
            Driver::Uring(driver) => {
                while let Some(completion) = driver.take() {
                    each(completion);
                }
                !driver.has_overflow()
            }
            Driver::Epoll(driver) => {
                let take = || driver.borrow_mut().take();
                while let Some(completion) = take() {
                    each(completion);
                }
                true
            }
        }
    }

    /// Whether there is [`Op::ReceiveDatagrams`], into buffers that were registered.
    pub(crate) fn receives_datagrams(&self) -> bool {
        match self {
            // One that does not go on has another layout.
            Driver::Uring(driver) => driver.features().has(Feature::Multishot),
            Driver::Epoll(_) => true,
        }
    }

    /// Makes the buffers those into which [`Op::Receive`] receives; false if there is no such operation here.
    ///
    /// # Safety
    ///
    /// The buffers outlive the driver.
    pub(crate) unsafe fn register_buffers(&self, buffers: &BufferRing) -> io::Result<bool> {
        match self {
            // SAFETY: promised by the caller.
            Driver::Uring(driver) => unsafe { driver.register_buffers(buffers) },
            Driver::Epoll(driver) => {
                // SAFETY: as above.
                driver.borrow_mut().register_buffers(unsafe { buffers.supply() });
                Ok(true)
            }
        }
    }
}

#[inline(never)]
fn enter_epoll(driver: &RefCell<epoll::Driver>, wait: Wait) -> io::Result<()> {
    driver.borrow_mut().enter(wait)
}

/// Out of line, so that it does not cost the ring registers.
///
/// # Safety
///
/// As for [`Driver::push`].
#[inline(never)]
unsafe fn push_to_epoll(driver: &RefCell<epoll::Driver>, op: Op, token: u64) -> io::Result<()> {
    // SAFETY: promised by the caller.
    unsafe { driver.borrow_mut().push(op, token) }
}
