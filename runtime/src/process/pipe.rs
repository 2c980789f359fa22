//! One end of a pipe, as what carries the bytes of a stream.
//!
//! Sockets are received from by the ring; pipes, which are few, are waited for, and read and written by calls.

use std::cell::RefCell;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use crate::net::Channel;
use crate::reactor::{self, Filling, Payload, Single, View};
use crate::sys::op::Op;
use crate::sys::process;

/// Bytes that are read at once; fewer when memory is short.
const BLOCK_SIZES: [usize; 2] = [Filling::capacity_of(8192), Filling::capacity_of(1024)];

/// One end of a pipe to a [`Child`](super::Child): the [`Transport`](crate::net::Transport) of its streams.
///
/// What is written goes to the pipe at once; nothing gathers. A write waits while the pipe is full (64 KiB, unless the system says otherwise).
#[derive(Clone)]
pub struct Pipe(Rc<RefCell<End>>);

/// Wants to know when the pipe is ready.
pub(super) struct Ready {
    /// Kept until the kernel is done with it.
    fd: Rc<OwnedFd>,
    for_write: bool,
}

impl Ready {
    pub(super) fn readable(fd: Rc<OwnedFd>) -> io::Result<Single<Ready>> {
        Single::submit(Ready { fd, for_write: false })
    }
}

impl Payload for Ready {
    fn op(&self) -> Op {
        let fd = self.fd.as_raw_fd();
        if self.for_write { Op::AwaitWritable { fd } } else { Op::AwaitReadable { fd } }
    }
}

struct End {
    /// Nothing once it was closed.
    fd: Option<Rc<OwnedFd>>,
    waiting: Option<Single<Ready>>,
    for_write: bool,
}

impl Pipe {
    pub(super) fn new(fd: OwnedFd, for_write: bool) -> io::Result<Pipe> {
        process::set_nonblocking(fd.as_raw_fd())?;
        Ok(Pipe(Rc::new(RefCell::new(End { fd: Some(Rc::new(fd)), waiting: None, for_write }))))
    }

    /// Calls until the pipe is ready for it.
    fn attempt<T>(
        &self,
        context: &mut Context<'_>,
        mut call: impl FnMut(RawFd) -> io::Result<T>,
    ) -> Poll<io::Result<Option<T>>> {
        let end = &mut *self.0.borrow_mut();
        let Some(fd) = end.fd.clone() else { return Poll::Ready(Ok(None)) };
        loop {
            if let Some(waiting) = &mut end.waiting {
                // Fibers are polled once when the program begins to stop: a reader then takes what is there.
                let is_over = !end.for_write && self.is_shut_here();
                let ready = Pin::new(waiting).poll(context);
                if ready.is_pending() && !is_over {
                    return Poll::Pending;
                }
                end.waiting = None;
                if let Poll::Ready(ready) = ready {
                    ready?;
                }
                if is_over {
                    return Poll::Ready(match call(fd.as_raw_fd()) {
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
                        done => done.map(Some),
                    });
                }
            }
            match call(fd.as_raw_fd()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let ready = Ready { fd: fd.clone(), for_write: end.for_write };
                    end.waiting = Some(Single::submit(ready)?);
                }
                done => return Poll::Ready(done.map(Some)),
            }
        }
    }

    fn close(&self) {
        let mut end = self.0.borrow_mut();
        end.waiting = None;
        end.fd = None;
    }

    fn write(&self, bytes: &[u8], context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let written = ready!(self.attempt(context, |fd| process::write(fd, bytes)))?;
        Poll::Ready(written.ok_or_else(|| io::ErrorKind::BrokenPipe.into()))
    }
}

impl Channel for Pipe {
    const RECEIVED_MAX: usize = BLOCK_SIZES[0];

    fn poll_receive(&self, context: &mut Context<'_>) -> Poll<io::Result<View>> {
        let read = self.attempt(context, |fd| {
            let mut filling =
                BLOCK_SIZES.into_iter().find_map(Filling::new).ok_or(io::ErrorKind::OutOfMemory)?;
            // SAFETY: the kernel says how much it has written.
            unsafe { filling.fill(|room| process::read(fd, room)) }?;
            Ok(filling.into_view())
        });
        read.map_ok(|view| view.unwrap_or_else(|| View::of_static(&[])))
    }

    fn poll_into(&self, room: &mut [MaybeUninit<u8>], context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if room.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.attempt(context, |fd| process::read(fd, room)).map_ok(|read| read.unwrap_or(0))
    }

    fn poll_write(&self, bytes: &[u8], context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if bytes.is_empty() { Poll::Ready(Ok(0)) } else { self.write(bytes, context) }
    }

    fn poll_write_view(&self, view: &mut Option<View>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = view.as_mut().filter(|view| !view.is_empty()) {
            let written = ready!(self.write(rest, context))?;
            rest.trim_front(written);
        }
        *view = None;
        Poll::Ready(Ok(()))
    }

    fn poll_flush(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.close();
        Poll::Ready(Ok(()))
    }

    fn drop_input(&self) {
        self.close();
    }

    fn drop_output(&self) {
        self.close();
    }

    fn is_shut_here(&self) -> bool {
        reactor::with(|reactor| reactor.is_stopping()) == Some(true)
    }

    fn fd(&self) -> RawFd {
        self.0.borrow().fd.as_ref().map_or(-1, |fd| fd.as_raw_fd())
    }
}
