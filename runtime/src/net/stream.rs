//! A TCP connection, before it is taken apart into its two directions.

use std::fmt;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::Duration;

use socket2::Socket;

use super::connection::Connection;
use super::halves::Halves;
use super::input::InputStream;
use super::listening::Stream;
use super::option::{self, options};
use super::output::OutputStream;
use super::transport::{ByteStream, Plain};
use crate::reactor::Shared;
use crate::sys::socket;

/// A TCP connection.
///
/// [`split`](Self::split) it to read and write; a [`control`](Self::control) reaches its options and its end from
/// elsewhere. Stays on its shard. Dropping it closes it.
///
/// ```
/// # use seastar::net::{connect, listen};
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let listener = listen("127.0.0.1:0")?;
///     let stream = connect(listener.local_address()).await?;
///     assert_eq!(stream.control().peer_address()?, listener.local_address());
///     let (mut input, mut output) = stream.split();
///     # let _ = (&mut input, &mut output);
///     Ok(())
/// }
/// ```
pub struct TcpStream {
    halves: Halves,
}

impl TcpStream {
    /// Takes over a connected socket, which this shard serves from now on.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](io::ErrorKind::OutOfMemory) when the memory budget is used up; the socket is closed then.
    ///
    /// ```
    /// use seastar::net::TcpStream;
    /// use std::os::fd::OwnedFd;
    ///
    /// /// Stands for whoever started this process.
    /// fn inherited(from: &std::net::TcpListener) -> std::io::Result<OwnedFd> {
    ///     Ok(std::net::TcpStream::connect(from.local_addr()?)?.into())
    /// }
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let peer = seastar::blocking_ok!(std::net::TcpListener::bind("127.0.0.1:0")?);
    ///     let stream = TcpStream::from_fd(inherited(&peer)?)?;
    ///     assert_eq!(stream.peer_address()?, peer.local_addr()?);
    ///     Ok(())
    /// }
    /// ```
    pub fn from_fd(fd: OwnedFd) -> io::Result<TcpStream> {
        Ok(TcpStream { halves: Halves::new(fd)? })
    }

    /// The two directions, which different fibers may use. The connection is closed when both are dropped.
    pub fn split(self) -> (InputStream, OutputStream) {
        self.halves.split()
    }

    /// A handle for the options of the connection, and for ending it from elsewhere.
    pub fn control(&self) -> TcpControl {
        TcpControl { connection: self.halves.connection().clone() }
    }

    /// The address of the other end.
    pub fn peer_address(&self) -> io::Result<SocketAddr> {
        self.control().peer_address()
    }

    /// The address of this end.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        self.control().local_address()
    }
}

impl ByteStream for TcpStream {
    type Transport = Plain;
    type Control = TcpControl;

    fn split(self) -> (InputStream, OutputStream) {
        TcpStream::split(self)
    }

    fn control(&self) -> TcpControl {
        TcpStream::control(self)
    }
}

impl Stream for TcpStream {
    fn from_fd(fd: OwnedFd) -> io::Result<TcpStream> {
        TcpStream::from_fd(fd)
    }

    fn transport(&self) -> &Plain {
        self.halves.transport()
    }
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpStream").field("fd", &self.halves.connection().fd()).finish_non_exhaustive()
    }
}

/// Options of a connection, and its end, whoever has its two directions.
///
/// Once the connection is closed all but `shutdown` fail.
///
/// ```
/// # use seastar::net::{connect, listen};
/// use std::time::Duration;
///
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let listener = listen("127.0.0.1:0")?;
///     let stream = connect(listener.local_address()).await?;
///     let control = stream.control();
///     let (_input, _output) = stream.split();
///     assert_eq!(control.peer_address()?, listener.local_address());
///     assert!(control.nodelay()?);
///     control.set_keepalive(Some(Duration::from_secs(60)))?;
///     assert!(control.keepalive()?);
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct TcpControl {
    connection: Shared<Connection>,
}

impl TcpControl {
    /// The address of the other end.
    pub fn peer_address(&self) -> io::Result<SocketAddr> {
        self.connection.ask(socket::peer_address)
    }

    /// The address of this end.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        self.connection.ask(socket::local_address)
    }

    /// Whether small segments are sent at once (TCP_NODELAY). On by default.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.connection.ask(socket::nodelay)
    }

    /// Sends small segments at once, or lets the kernel gather them (TCP_NODELAY).
    ///
    /// Streams gather on their own, so there is rarely a reason to switch this off.
    ///
    /// ```
    /// # use seastar::net::{connect, listen};
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let listener = listen("127.0.0.1:0")?;
    ///     let control = connect(listener.local_address()).await?.control();
    ///     assert!(control.set_nodelay(false).is_err()); // the stream is gone, and the connection closed
    ///     let stream = connect(listener.local_address()).await?;
    ///     stream.control().set_nodelay(false)?;
    ///     assert!(!stream.control().nodelay()?);
    ///     Ok(())
    /// }
    /// ```
    pub fn set_nodelay(&self, on: bool) -> io::Result<()> {
        self.connection.ask(|fd| socket::set_nodelay(fd, on))
    }

    /// Whether the kernel probes a silent peer (SO_KEEPALIVE).
    pub fn keepalive(&self) -> io::Result<bool> {
        self.connection.ask(socket::keepalive)
    }

    /// Probes the peer once it has been silent for `idle`; never with `None`.
    pub fn set_keepalive(&self, idle: Option<Duration>) -> io::Result<()> {
        self.connection.ask(|fd| socket::set_keepalive(fd, idle))
    }

    /// Lets reading go on while the program stops, or not, which is the default: then reads come to their end when it stops.
    ///
    /// For protocols that know how to end a conversation, and need to hear the peer for it. At the end of the grace period, the fiber that reads is
    /// dropped all the same.
    ///
    /// ```
    /// # use seastar::net::{connect, listen};
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let listener = listen("127.0.0.1:0")?;
    ///     let stream = connect(listener.local_address()).await?;
    ///     stream.control().set_read_while_stopping(true);
    ///     Ok(())
    /// }
    /// ```
    pub fn set_read_while_stopping(&self, on: bool) {
        self.connection.set_outlasts(on);
    }

    /// Ends one direction or both at once; pending reads see the end of the stream, pending
    /// writes an error (NET-8).
    ///
    /// ```
    /// use std::net::Shutdown;
    /// # use seastar::net::{connect, listen};
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let listener = listen("127.0.0.1:0")?;
    ///     let stream = connect(listener.local_address()).await?;
    ///     let control = stream.control();
    ///     let (mut input, _output) = stream.split();
    ///     let reader = seastar::spawn(async move { input.read().await });
    ///     control.shutdown(Shutdown::Read);
    ///     assert!(reader.await.unwrap()?.is_empty());
    ///     Ok(())
    /// }
    /// ```
    pub fn shutdown(&self, direction: Shutdown) {
        self.connection.shutdown(direction);
    }
}

options! {
    /// Further options, as the kernel has them.
    ///
    /// ```
    /// # use seastar::net::{connect, listen};
    /// use std::time::Duration;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let listener = listen("127.0.0.1:0")?;
    ///     let stream = connect(listener.local_address()).await?;
    ///     let control = stream.control();
    ///     control.set_receive_buffer_size(100_000)?;
    ///     control.set_send_buffer_size(100_000)?;
    ///     assert!(control.receive_buffer_size()? >= 100_000 && control.send_buffer_size()? >= 100_000);
    ///     control.set_user_timeout(Some(Duration::from_secs(30)))?;
    ///     assert_eq!(control.user_timeout()?, Some(Duration::from_secs(30)));
    ///     control.set_ttl(7)?;
    ///     control.set_tos(0x10)?; // low delay
    ///     assert_eq!((control.ttl()?, control.tos()?), (7, 0x10));
    ///     control.set_reset_on_close(true)?;
    ///     assert!(control.reset_on_close()?);
    ///     Ok(())
    /// }
    /// ```
    TcpControl: |control| control.connection.ask(Ok);

    /// Whether closing the connection resets it, and drops what was not sent yet, instead of ending it in order (SO_LINGER of zero). Off by
    /// default. To wait for the peer in the close, as longer times do, would block the shard; [`close`](OutputStream::close) waits without that.
    reset_on_close / set_reset_on_close: bool => option::reset_on_close, option::set_reset_on_close;
    /// How long what was sent may go without an acknowledgement before the connection fails (TCP_USER_TIMEOUT); as the system has it with
    /// `None`.
    user_timeout / set_user_timeout: Option<Duration> => Socket::tcp_user_timeout, Socket::set_tcp_user_timeout;
    /// How many bytes the kernel keeps that were not read, twice what was asked for (SO_RCVBUF).
    receive_buffer_size / set_receive_buffer_size: usize => Socket::recv_buffer_size, Socket::set_recv_buffer_size;
    /// How many bytes may wait to be sent, twice what was asked for (SO_SNDBUF).
    send_buffer_size / set_send_buffer_size: usize => Socket::send_buffer_size, Socket::set_send_buffer_size;
    /// Over how many routers its packets go (IP_TTL, or IPV6_UNICAST_HOPS).
    ttl / set_ttl: u32 => option::ttl, option::set_ttl;
    /// The type of service of its packets (IP_TOS, or IPV6_TCLASS).
    tos / set_tos: u32 => option::tos, option::set_tos;
}

impl fmt::Debug for TcpControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpControl").field("fd", &self.connection.fd()).finish_non_exhaustive()
    }
}
