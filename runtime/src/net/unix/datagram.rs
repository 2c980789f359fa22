//! Datagrams over Unix domain sockets.

use std::fmt;
use std::io;
use std::os::fd::OwnedFd;

use socket2::{Socket, Type};

use super::address::{ToUnixAddress, UnixAddress};
use crate::net::datagram::{self, Address, Datagram, Datagrams};
use crate::net::listening::about;
use crate::net::option::options;
use crate::reactor::Shared;
use crate::sys::unix::{self, SocketFile};

impl Address for UnixAddress {
    const SIZE: usize = size_of::<libc::sockaddr_un>();
    // Whether there is room depends on who receives, not on this socket.
    const ROOM_IS_TOLD: bool = false;

    fn decode(bytes: &[u8]) -> UnixAddress {
        UnixAddress(unix::read(bytes))
    }
}

/// The most bytes that fit a buffer of the shard.
const IN_A_BUFFER: usize = Datagrams::<UnixAddress>::IN_A_BUFFER;
/// The most that a datagram may have here: what a block of the shard holds.
const SIZE_MAX: usize = 1_000_000;

/// Options of [`UnixDatagram::bind_with`].
///
/// ```
/// use seastar::net::{UnixDatagram, UnixDatagramOptions};
///
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let options = UnixDatagramOptions::new().mode(0o600).datagram_size_max(100_000);
///     let path = std::env::temp_dir().join(format!("seastar-doc-options-{}.socket", std::process::id()));
///     let socket = UnixDatagram::bind_with(&path, options)?;
///     assert_eq!(socket.local_address()?.as_path(), Some(&*path));
///     Ok(())
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnixDatagramOptions {
    mode: Option<u32>,
    datagram_size_max: usize,
}

impl UnixDatagramOptions {
    /// The defaults: see each option.
    pub const fn new() -> UnixDatagramOptions {
        UnixDatagramOptions { mode: None, datagram_size_max: IN_A_BUFFER }
    }

    /// Permissions of the socket's file, such as `0o660`: who may write to it may send. What the umask leaves of `0o777` by default.
    pub const fn mode(mut self, mode: u32) -> UnixDatagramOptions {
        self.mode = Some(mode);
        self
    }

    /// The largest datagram that is received whole; longer ones are cut. 8,066 bytes by default and at least, what one buffer of the shard holds, and a
    /// million at most. With more than the default, each receive costs a call, and a block of this size while it lasts.
    pub const fn datagram_size_max(mut self, bytes: usize) -> UnixDatagramOptions {
        self.datagram_size_max = bytes;
        self
    }
}

impl Default for UnixDatagramOptions {
    fn default() -> UnixDatagramOptions {
        UnixDatagramOptions::new()
    }
}

/// A Unix domain socket for datagrams.
///
/// Other than those of [UDP](crate::net::UdpSocket) none is lost and they come in order: a sender waits while nobody receives.
/// Fibers of its shard may send and receive at the same time. Dropping it closes it, and removes its file.
///
/// ```
/// use seastar::net::UnixDatagram;
///
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let name = |who| format!("@seastar-doc-{who}-{}", std::process::id());
///     let (server, client) = (UnixDatagram::bind(name("server"))?, UnixDatagram::bind(name("client"))?);
///     client.send_to(b"hello", name("server")).await?;
///     let request = server.recv_from().await?;
///     assert_eq!(request.source().to_string(), name("client"));
///     server.send_to(&request, request.source()).await?;
///     assert_eq!(&*client.recv_from().await?, b"hello");
///     Ok(())
/// }
/// ```
pub struct UnixDatagram {
    /// Goes before the socket.
    file: Option<SocketFile>,
    datagrams: Shared<Datagrams<UnixAddress>>,
}

impl UnixDatagram {
    /// A socket at `path`, or under an abstract name if it begins with `@`, with the defaults of [`UnixDatagramOptions`].
    ///
    /// A socket that another process left at the path, and that nobody has any more, is replaced. May wait for a disk.
    ///
    /// # Errors
    ///
    /// Those of bind(2), with the path, as for [`listen_unix_with`](crate::net::listen_unix_with).
    pub fn bind(path: impl ToUnixAddress) -> io::Result<UnixDatagram> {
        UnixDatagram::bind_with(path, UnixDatagramOptions::new())
    }

    /// A socket at `path`, with options: [`UnixDatagramOptions`] shows them.
    ///
    /// # Errors
    ///
    /// As for [`bind`](Self::bind).
    pub fn bind_with(path: impl ToUnixAddress, options: UnixDatagramOptions) -> io::Result<UnixDatagram> {
        let address = path.to_unix_address()?;
        let bound = unix::bind_datagrams(Some(&address.0), options.mode);
        let (fd, file) = bound.map_err(|error| about("bind to", &address, error))?;
        UnixDatagram::new(fd, file, options)
    }

    /// A socket without a name, to which nobody can answer unless it is [connected](Self::connect).
    ///
    /// ```
    /// use seastar::net::UnixDatagram;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let name = format!("@seastar-doc-unbound-{}", std::process::id());
    ///     let server = UnixDatagram::bind(&name)?;
    ///     let client = UnixDatagram::unbound()?;
    ///     client.connect(&name)?;
    ///     assert_eq!(client.peer_address()?, server.local_address()?);
    ///     client.send(b"hello").await?;
    ///     assert!(server.recv_from().await?.source().is_unnamed());
    ///     Ok(())
    /// }
    /// ```
    pub fn unbound() -> io::Result<UnixDatagram> {
        let (fd, file) = unix::bind_datagrams(None, None)?;
        UnixDatagram::new(fd, file, UnixDatagramOptions::new())
    }

    /// Two unnamed sockets that are connected to each other.
    ///
    /// ```
    /// use seastar::net::UnixDatagram;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let (one, other) = UnixDatagram::pair()?;
    ///     one.send(b"hello").await?;
    ///     assert_eq!(&*other.recv().await?, b"hello");
    ///     Ok(())
    /// }
    /// ```
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        let (one, other) = unix::pair(Type::DGRAM)?;
        Ok((UnixDatagram::from_fd(one)?, UnixDatagram::from_fd(other)?))
    }

    /// Takes over a socket, from which this shard receives from now on. A file of it stays.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](io::ErrorKind::OutOfMemory) when the memory budget is used up; the socket is closed then.
    ///
    /// ```
    /// use seastar::net::UnixDatagram;
    /// use std::os::fd::OwnedFd;
    ///
    /// /// Stands for whoever started this process.
    /// fn inherited() -> std::io::Result<OwnedFd> {
    ///     let (ours, theirs) = std::os::unix::net::UnixDatagram::pair()?;
    ///     theirs.send(b"hello")?;
    ///     Ok(ours.into())
    /// }
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let socket = UnixDatagram::from_fd(inherited()?)?;
    ///     assert_eq!(&*socket.recv().await?, b"hello");
    ///     Ok(())
    /// }
    /// ```
    pub fn from_fd(fd: OwnedFd) -> io::Result<UnixDatagram> {
        UnixDatagram::new(fd, None, UnixDatagramOptions::new())
    }

    fn new(fd: OwnedFd, file: Option<SocketFile>, options: UnixDatagramOptions) -> io::Result<UnixDatagram> {
        let size = options.datagram_size_max;
        let block = (size > IN_A_BUFFER).then_some(size.min(SIZE_MAX));
        Ok(UnixDatagram { file, datagrams: Datagrams::new(fd, block)? })
    }

    /// The address of the socket.
    pub fn local_address(&self) -> io::Result<UnixAddress> {
        unix::local_address(self.datagrams.fd()).map(UnixAddress)
    }

    /// Where it is [connected](Self::connect).
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) if it is not.
    pub fn peer_address(&self) -> io::Result<UnixAddress> {
        unix::peer_address(self.datagrams.fd()).map(UnixAddress)
    }

    /// Sends to `path` from now on, unless [`send_to`](Self::send_to) says otherwise, and receives from there only.
    ///
    /// # Errors
    ///
    /// Those of connect(2), with the path.
    pub fn connect(&self, path: impl ToUnixAddress) -> io::Result<()> {
        let address = path.to_unix_address()?;
        let connected = unix::connect(self.datagrams.fd(), &address.0);
        connected.map_err(|error| about("connect to", &address, error))
    }

    /// The next datagram. Cancel-safe.
    ///
    /// # Errors
    ///
    /// As for [`UdpSocket::recv_from`](crate::net::UdpSocket::recv_from).
    pub async fn recv_from(&self) -> io::Result<Datagram<UnixAddress>> {
        Datagrams::receive(&self.datagrams).await
    }

    /// The next datagram, as [`recv_from`](Self::recv_from), for those to whom it is clear from where. Cancel-safe.
    ///
    /// # Errors
    ///
    /// As for `recv_from`.
    pub async fn recv(&self) -> io::Result<Datagram<UnixAddress>> {
        Datagrams::receive(&self.datagrams).await
    }

    /// Sends one datagram to `path`, at once, unless the socket there has as many as it keeps (`net.unix.max_dgram_qlen`): then this looks again
    /// every few milliseconds. A future that is dropped then has sent nothing.
    ///
    /// # Errors
    ///
    /// Those of sendmsg(2), with the path: [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) if nobody has the socket any more, and
    /// `Message too long`.
    pub async fn send_to(&self, bytes: impl AsRef<[u8]>, path: impl ToUnixAddress) -> io::Result<()> {
        let address = path.to_unix_address()?;
        let to = unix::encode(&address.0)?;
        let sent = datagram::send(&self.datagrams, bytes.as_ref(), Some(&to), None).await;
        sent.map_err(|error| about("send to", &address, error))
    }

    /// Sends one datagram to where the socket is [connected](Self::connect), as soon as there is room. A future that is dropped before has
    /// sent nothing.
    ///
    /// # Errors
    ///
    /// Those of sendmsg(2).
    pub async fn send(&self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        datagram::send(&self.datagrams, bytes.as_ref(), None, None).await
    }

    /// Ends pending and future receives with [`ConnectionAborted`](io::ErrorKind::ConnectionAborted), after what has come by now.
    ///
    /// ```
    /// use seastar::net::UnixDatagram;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let (socket, _other) = UnixDatagram::pair()?;
    ///     socket.abort_receive();
    ///     assert_eq!(socket.recv().await.unwrap_err().kind(), std::io::ErrorKind::ConnectionAborted);
    ///     Ok(())
    /// }
    /// ```
    pub fn abort_receive(&self) {
        Datagrams::shut(&self.datagrams);
    }
}

options! {
    /// Options, as the kernel has them.
    ///
    /// ```
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let (socket, _other) = seastar::net::UnixDatagram::pair()?;
    ///     socket.set_send_buffer_size(100_000)?;
    ///     assert!(socket.send_buffer_size()? >= 100_000);
    ///     Ok(())
    /// }
    /// ```
    UnixDatagram: |socket| io::Result::Ok(socket.datagrams.fd());

    /// How many bytes may wait to be received by peers, twice what was asked for (SO_SNDBUF). Also the most that one datagram may have.
    send_buffer_size / set_send_buffer_size: usize => Socket::send_buffer_size, Socket::set_send_buffer_size;
}

impl Drop for UnixDatagram {
    fn drop(&mut self) {
        self.file.take();
        Datagrams::release(&self.datagrams);
    }
}

impl fmt::Debug for UnixDatagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnixDatagram").field("fd", &self.datagrams.fd()).finish_non_exhaustive()
    }
}
