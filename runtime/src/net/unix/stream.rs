//! Connections over Unix domain sockets.

use std::fmt;
use std::io;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::time::Duration;

use socket2::{Socket, Type};

use super::address::{ToUnixAddress, UnixAddress};
use crate::net::connect::{Connect, connected};
use crate::net::connection::Connection;
use crate::net::halves::Halves;
use crate::net::input::InputStream;
use crate::net::listening::{Stream, about};
use crate::net::option::options;
use crate::net::output::OutputStream;
use crate::net::transport::{ByteStream, Plain};
use crate::reactor::Shared;
use crate::sync::Limit;
use crate::sys::unix;
use crate::time;

/// How long to wait before connecting again where the backlog was full.
const PAUSE_FIRST: Duration = Duration::from_micros(100);
const PAUSE_MAX: Duration = Duration::from_millis(5);

/// Connects to a server at `path`, or under an abstract name if it begins with `@`.
///
/// Waits while the server's backlog is full. Takes a time limit and an abort source, as [`connect`](super::super::connect) does; dropping the future
/// aborts the attempt, too.
///
/// # Errors
///
/// Those of connect(2), with the path; what cannot be the name of a socket is
/// [`InvalidInput`](io::ErrorKind::InvalidInput).
///
/// ```
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let nobody = seastar::net::connect_unix("/nowhere/at/all").await.unwrap_err();
///     assert_eq!(nobody.to_string(), "connect to /nowhere/at/all: No such file or directory (os error 2)");
/// }
/// ```
#[must_use = "futures do nothing until they are awaited"]
pub fn connect_unix(
    path: impl ToUnixAddress,
) -> impl Limit<Output = io::Result<UnixStream>, Limited = io::Result<UnixStream>> {
    let address = path.to_unix_address();
    let to = address.as_ref().ok().cloned();
    Connect { attempt: async move { attempt(address?).await }, what: "connect to", to }
}

async fn attempt(address: UnixAddress) -> io::Result<UnixStream> {
    let mut pause = PAUSE_FIRST;
    loop {
        let attempt = async { connected(unix::unconnected()?, unix::encode(&address.0)?).await };
        match attempt.await {
            Ok(fd) => return UnixStream::from_fd(fd),
            // The backlog is full, and no event tells when there is room.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => time::sleep(pause).await,
            Err(error) => return Err(about("connect to", &address, error)),
        }
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// A connection over a Unix domain socket.
///
/// Its two directions are the same streams as those of a [`TcpStream`](super::super::TcpStream), with the same promises; a
/// [`control`](Self::control) reaches its end from elsewhere. Stays on its shard. Dropping it closes it.
///
/// ```
/// use seastar::net::UnixStream;
///
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let (one, other) = UnixStream::pair()?;
///     assert!(one.local_address()?.is_unnamed() && one.control().peer_address()?.is_unnamed());
///     let (_, mut output) = one.split();
///     let (mut input, _) = other.split();
///     output.write(b"hello").await?;
///     output.close().await?;
///     assert_eq!(&*input.read_exactly(100).await?, b"hello");
///     Ok(())
/// }
/// ```
pub struct UnixStream {
    halves: Halves,
}

impl UnixStream {
    /// Takes over a connected socket, which this shard serves from now on.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](io::ErrorKind::OutOfMemory) when the memory budget is used up; the socket is closed then.
    ///
    /// ```
    /// use seastar::net::UnixStream;
    /// use std::io::Write;
    /// use std::os::fd::OwnedFd;
    ///
    /// /// Stands for whoever started this process.
    /// fn inherited() -> std::io::Result<OwnedFd> {
    ///     let (ours, mut theirs) = std::os::unix::net::UnixStream::pair()?;
    ///     theirs.write_all(b"hello")?;
    ///     Ok(ours.into())
    /// }
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let (mut input, _output) = UnixStream::from_fd(inherited()?)?.split();
    ///     assert_eq!(&*input.read().await?, b"hello");
    ///     Ok(())
    /// }
    /// ```
    pub fn from_fd(fd: OwnedFd) -> io::Result<UnixStream> {
        Ok(UnixStream { halves: Halves::new(fd)? })
    }

    /// Two unnamed sockets that are connected to each other.
    ///
    /// # Errors
    ///
    /// Those of socketpair(2), and [`OutOfMemory`](io::ErrorKind::OutOfMemory) when the memory budget is used up.
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        let (one, other) = unix::pair(Type::STREAM)?;
        Ok((UnixStream::from_fd(one)?, UnixStream::from_fd(other)?))
    }

    /// The two directions, which different fibers may use. The connection is closed when both are dropped.
    pub fn split(self) -> (InputStream, OutputStream) {
        self.halves.split()
    }

    /// A handle for ending the connection from elsewhere, and for what the kernel knows of the peer.
    pub fn control(&self) -> UnixControl {
        UnixControl { connection: self.halves.connection().clone() }
    }

    /// The address of the other end.
    pub fn peer_address(&self) -> io::Result<UnixAddress> {
        self.control().peer_address()
    }

    /// The address of this end.
    pub fn local_address(&self) -> io::Result<UnixAddress> {
        self.control().local_address()
    }

    /// Who is at the other end. See [`UnixControl::peer_credentials`].
    ///
    /// ```
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let (one, _other) = seastar::net::UnixStream::pair()?;
    ///     assert!(one.peer_address()?.is_unnamed());
    ///     assert_eq!(one.peer_credentials()?.pid, std::process::id());
    ///     Ok(())
    /// }
    /// ```
    pub fn peer_credentials(&self) -> io::Result<Credentials> {
        self.control().peer_credentials()
    }
}

impl ByteStream for UnixStream {
    type Transport = Plain;
    type Control = UnixControl;

    fn split(self) -> (InputStream, OutputStream) {
        UnixStream::split(self)
    }

    fn control(&self) -> UnixControl {
        UnixStream::control(self)
    }
}

impl Stream for UnixStream {
    fn from_fd(fd: OwnedFd) -> io::Result<UnixStream> {
        UnixStream::from_fd(fd)
    }

    fn transport(&self) -> &Plain {
        self.halves.transport()
    }
}

impl fmt::Debug for UnixStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnixStream").field("fd", &self.halves.connection().fd()).finish_non_exhaustive()
    }
}

/// Who made the other end of a connection: the answer of [`UnixStream::peer_credentials`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Credentials {
    /// Its process.
    pub pid: u32,
    /// Its effective user.
    pub uid: u32,
    /// Its effective group.
    pub gid: u32,
}

/// What can be asked of a connection, and its end, whoever has its two directions.
///
/// Once the connection is closed all but `shutdown` fail.
///
/// ```
/// use seastar::net::UnixStream;
/// use std::net::Shutdown;
///
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let (one, other) = UnixStream::pair()?;
///     let control = one.control();
///     assert!(control.local_address()?.is_unnamed() && control.peer_address()?.is_unnamed());
///     control.set_send_buffer_size(100_000)?;
///     assert!(control.send_buffer_size()? >= 100_000);
///     let (mut input, _output) = other.split();
///     control.shutdown(Shutdown::Write);
///     assert!(input.read().await?.is_empty());
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct UnixControl {
    connection: Shared<Connection>,
}

impl UnixControl {
    /// The address of the other end.
    pub fn peer_address(&self) -> io::Result<UnixAddress> {
        self.connection.ask(unix::peer_address).map(UnixAddress)
    }

    /// The address of this end.
    pub fn local_address(&self) -> io::Result<UnixAddress> {
        self.connection.ask(unix::local_address).map(UnixAddress)
    }

    /// Who is at the other end, as the kernel noted when it connected, or began to listen (SO_PEERCRED).
    ///
    /// ```
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let (one, _other) = seastar::net::UnixStream::pair()?;
    ///     assert_eq!(one.control().peer_credentials()?.pid, std::process::id());
    ///     Ok(())
    /// }
    /// ```
    pub fn peer_credentials(&self) -> io::Result<Credentials> {
        let found = self.connection.ask(unix::peer_credentials)?;
        Ok(Credentials { pid: found.pid.cast_unsigned(), uid: found.uid, gid: found.gid })
    }

    /// Lets reading go on while the program stops, or not, which is the default: then reads come to their end when it stops.
    ///
    /// For protocols that know how to end a conversation, and need to hear the peer for it. At the end of the grace period, the fiber that reads is
    /// dropped all the same.
    ///
    /// ```
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let (stream, _peer) = seastar::net::UnixStream::pair()?;
    ///     stream.control().set_read_while_stopping(true);
    ///     Ok(())
    /// }
    /// ```
    pub fn set_read_while_stopping(&self, on: bool) {
        self.connection.set_outlasts(on);
    }

    /// Ends one direction or both at once; pending reads see the end of the stream, pending
    /// writes an error (NET-8). Other than with TCP, the peer notices both.
    pub fn shutdown(&self, direction: Shutdown) {
        self.connection.shutdown(direction);
    }
}

options! {
    /// Options, as the kernel has them.
    UnixControl: |control| control.connection.ask(Ok);

    /// How many bytes may wait to be read by the peer, twice what was asked for (SO_SNDBUF).
    send_buffer_size / set_send_buffer_size: usize => Socket::send_buffer_size, Socket::set_send_buffer_size;
}

impl fmt::Debug for UnixControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnixControl").field("fd", &self.connection.fd()).finish_non_exhaustive()
    }
}
