//! Connecting to a server.

use std::cell::Cell;
use std::fmt::Display;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use socket2::SockAddr;

use super::address::ToAddress;
use super::listening::about;
use super::stream::TcpStream;
use crate::reactor::{Payload, Single};
use crate::sync::{Limit, Sealed, Why};
use crate::sys::op::Op;
use crate::sys::socket;

/// Connects to a TCP server. TCP_NODELAY is on.
///
/// Takes a time limit and an abort source, as all waits do ([`Limit`]); with a limit the error is [`TimedOut`](io::ErrorKind::TimedOut), and after an
/// abort [`ConnectionAborted`](io::ErrorKind::ConnectionAborted). Dropping the future aborts the attempt, too (NET-9).
///
/// # Errors
///
/// Those of connect(2), with the address; what is not an address is
/// [`InvalidInput`](io::ErrorKind::InvalidInput).
///
/// ```
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let refused = seastar::net::connect("127.0.0.1:1").await.unwrap_err();
///     assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
///     assert_eq!(refused.to_string(), "connect to 127.0.0.1:1: Connection refused (os error 111)");
/// }
/// ```
///
/// ```
/// use seastar::net::connect;
/// use seastar::sync::{AbortSource, Limit};
/// use std::time::Duration;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let give_up = AbortSource::new();
///     give_up.abort();
///     // An address that is for documentation, where nobody answers.
///     let aborted = connect("192.0.2.1:80").within(Duration::from_secs(9)).unless(&give_up).await.unwrap_err();
///     assert_eq!(aborted.to_string(), "connect to 192.0.2.1:80: given up because of an abort");
/// }
/// ```
#[must_use = "futures do nothing until they are awaited"]
pub fn connect(
    address: impl ToAddress,
) -> impl Limit<Output = io::Result<TcpStream>, Limited = io::Result<TcpStream>> {
    let address = address.to_address();
    let to = address.as_ref().ok().copied();
    let attempt = async move {
        let address = address?;
        let attempt = async { connected(socket::unconnected(address)?, address.into()).await };
        let fd = attempt.await.map_err(|error| about("connect to", address, error))?;
        TcpStream::from_fd(fd)
    };
    Connect { attempt, what: "connect to", to }
}

/// An attempt to connect, which can be given up.
pub(crate) struct Connect<F, A> {
    pub(crate) attempt: F,
    /// What is attempted, as in "connect to",
    pub(crate) what: &'static str,
    /// and where, if that is an address.
    pub(crate) to: Option<A>,
}

impl<F: Future<Output = io::Result<S>>, S, A: Display> Future for Connect<F, A> {
    type Output = io::Result<S>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<S>> {
        // SAFETY: pinned with `self`, and not moved out of it.
        unsafe { self.map_unchecked_mut(|this| &mut this.attempt) }.poll(context)
    }
}

impl<F, A> Sealed for Connect<F, A> {}

impl<F: Future<Output = io::Result<S>>, S, A: Display> Limit for Connect<F, A> {
    type Limited = io::Result<S>;

    fn granted(output: io::Result<S>) -> io::Result<S> {
        output
    }

    #[cold]
    fn give_up(self: Pin<&mut Self>, why: Why) -> io::Result<S> {
        let (kind, why) = match why {
            Why::TimedOut => (io::ErrorKind::TimedOut, "no answer within the time limit"),
            Why::Aborted => (io::ErrorKind::ConnectionAborted, "given up because of an abort"),
        };
        Err(match &self.to {
            Some(to) => io::Error::new(kind, format!("{} {to}: {why}", self.what)),
            None => io::Error::new(kind, why),
        })
    }
}

/// What the kernel needs until the connection stands; owns the socket until then.
struct Connecting {
    fd: Cell<Option<OwnedFd>>,
    /// Its number.
    raw: RawFd,
    address: SockAddr,
}

impl Payload for Connecting {
    fn op(&self) -> Op {
        Op::Connect { fd: self.raw, address: self.address.as_ptr().cast(), len: self.address.len() }
    }
}

/// Connects a socket.
pub(super) async fn connected(fd: OwnedFd, address: SockAddr) -> io::Result<OwnedFd> {
    let raw = fd.as_raw_fd();
    let mut connecting = Single::submit(Connecting { fd: Cell::new(Some(fd)), raw, address })?;
    (&mut connecting).await?;
    connecting.payload().fd.take().ok_or_else(|| io::ErrorKind::NotConnected.into())
}
