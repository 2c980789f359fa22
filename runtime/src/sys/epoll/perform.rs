//! Operations as calls that do not wait.

use std::io;
use std::os::fd::RawFd;
use std::ptr;

use socket2::Domain;

use super::waiting::Events;
use crate::sys::buffers::Supply;
use crate::sys::datagram::Shape;
use crate::sys::op::{Completion, Op};
use crate::sys::{calls, socket};

/// How often one descriptor is received from, or accepted on, before others have their turn.
const ROUNDS_MAX: usize = 16;

/// What an operation waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Reads,
    Writes,
}

/// What has become of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Its last completion was made.
    Ended,
    /// It has to wait for its descriptor.
    Waits,
    /// It has had its turn, and need not wait.
    HasMore,
}

/// An operation that was begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begun {
    op: Op,
    pub(super) token: u64,
    /// Bytes that were sent.
    sent: u32,
    /// A receive may give less than there is: on a Unix socket it ends behind descriptors that were passed.
    stops_short: bool,
}

impl Begun {
    pub(super) fn new(op: Op, token: u64) -> Begun {
        Begun { op, token, sent: 0, stops_short: false }
    }

    pub(super) fn fd(&self) -> RawFd {
        match self.op {
            Op::Accept { fd }
            | Op::Connect { fd, .. }
            | Op::Receive { fd }
            | Op::ReceiveDatagrams { fd, .. }
            | Op::Send { fd, .. }
            | Op::AwaitReadable { fd }
            | Op::AwaitWritable { fd }
            | Op::PollReadable { fd } => fd,
            Op::Close { .. } | Op::Cancel { .. } | Op::CancelAll | Op::Ring { .. } => {
                unreachable!("{:?} does not wait", self.op)
            }
        }
    }

    pub(super) fn direction(&self) -> Direction {
        match self.op {
            Op::Connect { .. } | Op::Send { .. } | Op::AwaitWritable { .. } => Direction::Writes,
            _ => Direction::Reads,
        }
    }

    /// Whether it only wants to know, so that the kernel has to be asked though others wait already.
    pub(super) fn wants_to_be_told(&self) -> bool {
        matches!(self.op, Op::AwaitReadable { .. } | Op::AwaitWritable { .. } | Op::PollReadable { .. })
    }
}

/// What has to be done before the first attempt; fails with an error number.
pub(super) fn prepare(begun: &mut Begun) -> Result<(), i32> {
    match begun.op {
        // There is no flag for these that makes one call not wait.
        Op::Accept { fd } | Op::Connect { fd, .. } => {
            socket::with(fd, |socket| socket.set_nonblocking(true)).map_err(number)
        }
        Op::Receive { fd } => {
            begun.stops_short = socket::with(fd, |socket| socket.domain()).map_err(number)? == Domain::UNIX;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Does as much of an operation as can be done now.
///
/// `events` say what the descriptor was seen to be ready for. Edges are told once, so this goes on until the kernel
/// says that there is no more, or that would be known.
pub(super) fn perform(
    begun: &mut Begun,
    events: Events,
    supply: Option<&mut Supply>,
    complete: &mut impl FnMut(Completion),
) -> Outcome {
    let token = begun.token;
    let mut end = |result| {
        complete(Completion::made(token, result, false, None));
        Outcome::Ended
    };
    match begun.op {
        Op::Accept { fd } => accept(fd, token, complete),
        Op::Receive { fd } => receive(fd, token, events.at_end || begun.stops_short, supply, complete),
        Op::ReceiveDatagrams { fd, shape } => receive_datagrams(fd, shape, token, supply, complete),
        Op::Connect { fd, address, len } => match connect(fd, address, len) {
            Err(libc::EINPROGRESS | libc::EALREADY) => Outcome::Waits,
            Ok(()) | Err(libc::EISCONN) => end(0),
            Err(error) => end(-error),
        },
        Op::Send { fd, base, len } => {
            match send(fd, base, len, &mut begun.sent) {
                Err(libc::EAGAIN) => Outcome::Waits,
                // As from the ring: a send that fails half-way tells how far it came, and the next one why.
                Err(error) if begun.sent == 0 => end(-error),
                Ok(()) | Err(_) => end(begun.sent as i32),
            }
        }
        Op::AwaitReadable { fd } if is_ready(fd, libc::POLLIN) => end(libc::POLLIN as i32),
        Op::AwaitWritable { fd } if is_ready(fd, libc::POLLOUT) => end(libc::POLLOUT as i32),
        Op::PollReadable { fd } if is_ready(fd, libc::POLLIN) => {
            complete(Completion::made(token, libc::POLLIN as i32, true, None));
            Outcome::Waits
        }
        Op::AwaitReadable { .. } | Op::AwaitWritable { .. } | Op::PollReadable { .. } => Outcome::Waits,
        Op::Close { .. } | Op::Cancel { .. } | Op::CancelAll | Op::Ring { .. } => end(-libc::EINVAL),
    }
}

fn accept(fd: RawFd, token: u64, complete: &mut impl FnMut(Completion)) -> Outcome {
    for _ in 0..ROUNDS_MAX {
        // SAFETY: no address is asked for.
        let accepted = retried(|| unsafe {
            libc::accept4(fd, ptr::null_mut(), ptr::null_mut(), libc::SOCK_CLOEXEC) as isize
        });
        match accepted {
            Ok(accepted) => complete(Completion::made(token, accepted as i32, true, None)),
            Err(libc::EAGAIN) => return Outcome::Waits,
            Err(error) => {
                complete(Completion::made(token, -error, false, None));
                return Outcome::Ended;
            }
        }
    }
    Outcome::HasMore
}

fn receive(
    fd: RawFd,
    token: u64,
    until_empty: bool,
    supply: Option<&mut Supply>,
    complete: &mut impl FnMut(Completion),
) -> Outcome {
    let end = |result, complete: &mut dyn FnMut(Completion)| {
        complete(Completion::made(token, result, false, None));
        Outcome::Ended
    };
    let Some(supply) = supply else { return end(-libc::ENOBUFS, complete) };
    for _ in 0..ROUNDS_MAX {
        let Some((buffer, base, len)) = supply.next() else { return end(-libc::ENOBUFS, complete) };
        // SAFETY: the buffer is ours, and holds so many bytes.
        let received = retried(|| unsafe { libc::recv(fd, base.as_ptr().cast(), len, libc::MSG_DONTWAIT) });
        match received {
            Ok(0) => return end(0, complete),
            Ok(received) => {
                supply.consume();
                complete(Completion::made(token, received as i32, true, Some(buffer)));
                // Otherwise a stream that gives less has no more.
                if received < len && !until_empty {
                    return Outcome::Waits;
                }
            }
            Err(libc::EAGAIN) => return Outcome::Waits,
            Err(error) => return end(-error, complete),
        }
    }
    Outcome::HasMore
}

fn receive_datagrams(
    fd: RawFd,
    shape: *const Shape,
    token: u64,
    supply: Option<&mut Supply>,
    complete: &mut impl FnMut(Completion),
) -> Outcome {
    let end = |error: i32, complete: &mut dyn FnMut(Completion)| {
        complete(Completion::made(token, -error, false, None));
        Outcome::Ended
    };
    let Some(supply) = supply else { return end(libc::ENOBUFS, complete) };
    for _ in 0..ROUNDS_MAX {
        let Some((buffer, base, len)) = supply.next() else { return end(libc::ENOBUFS, complete) };
        // SAFETY: the buffer is ours, and holds so many bytes; who submitted it keeps the shape valid.
        let received = retried(|| unsafe { (*shape).receive(fd, base, len) });
        match received {
            Ok(received) => {
                supply.consume();
                complete(Completion::made(token, received as i32, true, Some(buffer)));
            }
            Err(libc::EAGAIN) => return Outcome::Waits,
            Err(error) => return end(error, complete),
        }
    }
    Outcome::HasMore
}

/// Sends what is left of `len` bytes.
fn send(fd: RawFd, base: *const u8, len: u32, sent: &mut u32) -> Result<(), i32> {
    while *sent < len {
        let rest = (len - *sent) as usize;
        // SAFETY: who submitted the send keeps the memory valid until its completion.
        *sent += retried(|| unsafe {
            libc::send(fd, base.add(*sent as usize).cast(), rest, libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL)
        })? as u32;
    }
    Ok(())
}

/// Asked again while it is under way, it tells how it ended.
fn connect(fd: RawFd, address: *const libc::sockaddr, len: libc::socklen_t) -> Result<(), i32> {
    // SAFETY: who submitted it keeps the address valid until its completion.
    retried(|| unsafe { libc::connect(fd, address, len) as isize }).map(|_| ())
}

fn is_ready(fd: RawFd, events: libc::c_short) -> bool {
    let mut poll = libc::pollfd { fd, events, revents: 0 };
    // SAFETY: one entry, which lives during the call.
    unsafe { libc::poll(&raw mut poll, 1, 0) > 0 && poll.revents & libc::POLLNVAL == 0 }
}

/// The result of a call that is made again when a signal interrupts it, or its error number.
#[inline]
fn retried(call: impl FnMut() -> isize) -> Result<usize, i32> {
    calls::retried(call).map_err(number)
}

fn number(error: io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EIO)
}
