//! Connecting to a server.

use std::cell::Cell;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use socket2::SockAddr;

use super::address::ToAddress;
use super::listening::about;
use super::stream::TcpStream;
use crate::reactor::{Payload, Single};
use crate::sys::op::Op;
use crate::sys::socket;

/// Connects to a TCP server. TCP_NODELAY is on.
///
/// Dropping the future aborts the attempt (NET-9).
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
pub async fn connect(address: impl ToAddress) -> io::Result<TcpStream> {
    let address = address.to_address()?;
    let attempt = async { connected(socket::unconnected(address)?, address.into()).await };
    let fd = attempt.await.map_err(|error| about("connect to", address, error))?;
    TcpStream::from_fd(fd)
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
