//! Sockets: made, bound and asked about by ordinary calls; only their traffic goes through the ring.

use std::io;
use std::mem::MaybeUninit;
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use socket2::{Domain, Protocol, SockRef, Socket, Type};

/// How a listening socket is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListenSetup {
    pub(crate) backlog: i32,
    pub(crate) reuse_address: bool,
    pub(crate) nodelay: bool,
    pub(crate) keepalive: Option<std::time::Duration>,
}

/// A socket that listens on `address`, alone there: a second process gets EADDRINUSE.
///
/// Sockets of this process can join it with [`listen_beside`]: the flag that allows it is set only after
/// the address is ours.
pub(crate) fn listen(address: SocketAddr, setup: ListenSetup) -> io::Result<OwnedFd> {
    let socket = tcp(address, setup)?;
    socket.bind(&address.into())?;
    socket.set_reuse_port(true)?;
    socket.listen(setup.backlog)?;
    Ok(socket.into())
}

/// A further socket on the address of one that [`listen`] made; the kernel spreads connections.
pub(crate) fn listen_beside(address: SocketAddr, setup: ListenSetup) -> io::Result<OwnedFd> {
    let socket = tcp(address, setup)?;
    socket.set_reuse_port(true)?;
    socket.bind(&address.into())?;
    socket.listen(setup.backlog)?;
    Ok(socket.into())
}

fn tcp(address: SocketAddr, setup: ListenSetup) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(setup.reuse_address)?;
    // Accepted connections inherit both, so that accepting costs no calls for them.
    socket.set_tcp_nodelay(setup.nodelay)?;
    if let Some(idle) = setup.keepalive {
        socket.set_tcp_keepalive(&socket2::TcpKeepalive::new().with_time(idle))?;
    }
    Ok(socket)
}

/// A socket that is about to connect to `address`.
pub(crate) fn unconnected(address: SocketAddr) -> io::Result<OwnedFd> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_tcp_nodelay(true)?;
    Ok(socket.into())
}

pub(crate) fn local_address(fd: RawFd) -> io::Result<SocketAddr> {
    with(fd, |socket| socket.local_addr()?.as_socket().ok_or_else(not_inet))
}

pub(crate) fn peer_address(fd: RawFd) -> io::Result<SocketAddr> {
    with(fd, |socket| socket.peer_addr()?.as_socket().ok_or_else(not_inet))
}

pub(crate) fn set_nodelay(fd: RawFd, on: bool) -> io::Result<()> {
    with(fd, |socket| socket.set_tcp_nodelay(on))
}

pub(crate) fn nodelay(fd: RawFd) -> io::Result<bool> {
    with(fd, |socket| socket.tcp_nodelay())
}

/// Probes an idle peer after `idle`, or never with `None`.
pub(crate) fn set_keepalive(fd: RawFd, idle: Option<std::time::Duration>) -> io::Result<()> {
    with(fd, |socket| match idle {
        Some(idle) => socket.set_tcp_keepalive(&socket2::TcpKeepalive::new().with_time(idle)),
        None => socket.set_keepalive(false),
    })
}

pub(crate) fn keepalive(fd: RawFd) -> io::Result<bool> {
    with(fd, |socket| socket.keepalive())
}

/// Sets where datagrams go, which sends nothing and does not wait.
pub(crate) fn connect(fd: RawFd, address: SocketAddr) -> io::Result<()> {
    with(fd, |socket| socket.connect(&address.into()))
}

/// Ends a direction. Fails only where the connection has ended already.
pub(crate) fn shutdown(fd: RawFd, direction: Shutdown) {
    let _ = with(fd, |socket| socket.shutdown(direction));
}

/// Receives what has arrived, as much as fits; fails with WouldBlock if that is nothing.
pub(crate) fn receive(fd: RawFd, into: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
    with(fd, |socket| socket.recv_with_flags(into, libc::MSG_DONTWAIT))
}

/// Closes a descriptor that arrived as a number and belongs to nobody.
pub(crate) fn close(fd: RawFd) {
    // SAFETY: the caller got the number from the kernel or from the owner that gave it up.
    drop(unsafe { OwnedFd::from_raw_fd(fd) });
}

pub(crate) fn with<T>(fd: RawFd, ask: impl FnOnce(SockRef<'_>) -> io::Result<T>) -> io::Result<T> {
    // SAFETY: the callers hold the descriptor open during the call.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    debug_assert!(fd.as_raw_fd() >= 0);
    ask(SockRef::from(&fd))
}

fn not_inet() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the socket has no IPv4 or IPv6 address")
}
