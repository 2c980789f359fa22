//! UDP sockets.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;

use super::options::UdpOptions;
use crate::net::address::ToAddress;
use crate::net::datagram::{self, Address, Datagram, Datagrams};
use crate::net::listening::about;
use crate::reactor::Shared;
use crate::sys::datagram::{bind_udp, decode, dropped};
use crate::sys::socket;

impl Address for SocketAddr {
    const SIZE: usize = size_of::<libc::sockaddr_in6>();
    const ROOM_IS_TOLD: bool = true;

    #[inline]
    fn decode(bytes: &[u8]) -> SocketAddr {
        decode(bytes).unwrap_or((Ipv4Addr::UNSPECIFIED, 0).into())
    }
}

/// A UDP socket.
///
/// Fibers of its shard may send and receive at the same time; put it into an `Rc` for them. [`serve`](Self::serve) makes one for each shard.
/// Dropping it closes it.
///
/// Up to about a hundred datagrams are received ahead of those who ask for them. Then the kernel keeps what comes, in the buffer of the
/// socket ([`receive_buffer`](UdpOptions::receive_buffer)), and when that is full it drops and [counts](Self::dropped).
///
/// ```
/// use seastar::net::UdpSocket;
///
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let server = UdpSocket::bind("127.0.0.1:0")?;
///     let client = UdpSocket::bind("127.0.0.1:0")?;
///     client.connect(server.local_address()?)?;
///     client.send(b"hello").await?;
///     let request = server.recv_from().await?;
///     assert_eq!((&*request, *request.source()), (&b"hello"[..], client.local_address()?));
///     server.send_to(&request, request.source()).await?;
///     assert_eq!(&*client.recv().await?, b"hello");
///     Ok(())
/// }
/// ```
pub struct UdpSocket {
    pub(super) datagrams: Shared<Datagrams<SocketAddr>>,
    pub(super) options: UdpOptions,
}

impl UdpSocket {
    /// A socket on `address`, with the defaults of [`UdpOptions`].
    ///
    /// # Errors
    ///
    /// Those of bind(2), with the address: `bind to 0.0.0.0:53: Permission denied`. What is not an address is
    /// [`InvalidInput`](io::ErrorKind::InvalidInput).
    ///
    /// ```
    /// use seastar::net::UdpSocket;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let first = UdpSocket::bind("127.0.0.1:0")?;
    ///     let taken = UdpSocket::bind(first.local_address()?).unwrap_err();
    ///     assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);
    ///     Ok(())
    /// }
    /// ```
    pub fn bind(address: impl ToAddress) -> io::Result<UdpSocket> {
        UdpSocket::bind_with(address, UdpOptions::new())
    }

    /// A socket on `address`, with options: [`UdpOptions`] shows some.
    ///
    /// # Errors
    ///
    /// As for [`bind`](Self::bind).
    ///
    /// ```
    /// use seastar::net::{UdpOptions, UdpSocket};
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let socket = UdpSocket::bind_with("127.0.0.1:0", UdpOptions::new().datagram_size_max(60_000))?;
    ///     assert_ne!(socket.local_address()?.port(), 0);
    ///     Ok(())
    /// }
    /// ```
    pub fn bind_with(address: impl ToAddress, options: UdpOptions) -> io::Result<UdpSocket> {
        let address = address.to_address()?;
        let fd = bind_udp(address, options.setup()).map_err(|error| about("bind to", address, error))?;
        UdpSocket::with_options(fd, options)
    }

    /// Takes over a socket, from which this shard receives from now on.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](io::ErrorKind::OutOfMemory) when the memory budget is used up; the socket is closed then.
    ///
    /// ```
    /// use seastar::net::UdpSocket;
    /// use std::os::fd::OwnedFd;
    ///
    /// /// Stands for whoever started this process.
    /// fn inherited() -> std::io::Result<OwnedFd> {
    ///     Ok(std::net::UdpSocket::bind("127.0.0.1:0")?.into())
    /// }
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let socket = UdpSocket::from_fd(inherited()?)?;
    ///     assert_ne!(socket.local_address()?.port(), 0);
    ///     Ok(())
    /// }
    /// ```
    pub fn from_fd(fd: OwnedFd) -> io::Result<UdpSocket> {
        UdpSocket::with_options(fd, UdpOptions::new())
    }

    pub(super) fn with_options(fd: OwnedFd, options: UdpOptions) -> io::Result<UdpSocket> {
        Ok(UdpSocket { datagrams: Datagrams::new(fd, options.block())?, options })
    }

    /// The address of the socket, with the port that the kernel chose if it was asked for port 0.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        socket::local_address(self.datagrams.fd())
    }

    /// Where it is [connected](Self::connect).
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) if it is not.
    ///
    /// ```
    /// use seastar::net::UdpSocket;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let socket = UdpSocket::bind("127.0.0.1:0")?;
    ///     assert_eq!(socket.peer_address().unwrap_err().kind(), std::io::ErrorKind::NotConnected);
    ///     socket.connect("127.0.0.1:7777")?;
    ///     assert_eq!(socket.peer_address()?.port(), 7777);
    ///     Ok(())
    /// }
    /// ```
    pub fn peer_address(&self) -> io::Result<SocketAddr> {
        socket::peer_address(self.datagrams.fd())
    }

    /// Sends to `address` from now on, unless [`send_to`](Self::send_to) says otherwise, and receives from there only.
    ///
    /// Nothing is sent for that. Only a connected socket learns that nobody listens: its next call fails with
    /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused).
    ///
    /// # Errors
    ///
    /// Those of connect(2), with the address.
    pub fn connect(&self, address: impl ToAddress) -> io::Result<()> {
        let address = address.to_address()?;
        socket::connect(self.datagrams.fd(), address).map_err(|error| about("connect to", address, error))
    }

    /// The next datagram. Cancel-safe.
    ///
    /// One that is longer than what the socket receives ([`datagram_size_max`](UdpOptions::datagram_size_max)) is cut, and
    /// [says so](Datagram::is_truncated).
    ///
    /// # Errors
    ///
    /// Those of recvmsg(2), which concern one datagram, also an earlier one that was sent: the socket goes on.
    /// [`ConnectionAborted`](io::ErrorKind::ConnectionAborted) after [`abort_receive`](Self::abort_receive) and when the program stops: time to
    /// leave the loop. What had come by then is received before. [`OutOfMemory`](io::ErrorKind::OutOfMemory) when the memory budget is used up.
    pub async fn recv_from(&self) -> io::Result<Datagram> {
        Datagrams::receive(&self.datagrams).await
    }

    /// The next datagram, as [`recv_from`](Self::recv_from), for those to whom it is clear from where. Cancel-safe.
    ///
    /// # Errors
    ///
    /// As for `recv_from`; [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) on a [connected](Self::connect) socket whose peer took none.
    pub async fn recv(&self) -> io::Result<Datagram> {
        Datagrams::receive(&self.datagrams).await
    }

    /// Sends one datagram to `address`. It goes out at once, so there is nothing to flush; only while the socket's buffer is full this waits.
    /// A future that is dropped then has sent nothing.
    ///
    /// # Errors
    ///
    /// Those of sendmsg(2), with the address, above all `Message too long`: over IPv4 a datagram has at most 65,507 bytes.
    pub async fn send_to(&self, bytes: impl AsRef<[u8]>, address: impl ToAddress) -> io::Result<()> {
        let address = address.to_address()?;
        let sent = datagram::send(&self.datagrams, bytes.as_ref(), Some(&address.into()), None).await;
        sent.map_err(|error| about("send to", address, error))
    }

    /// Sends one datagram to where the socket is [connected](Self::connect). See [`send_to`](Self::send_to).
    ///
    /// # Errors
    ///
    /// Those of sendmsg(2). [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) says that nobody took an earlier one.
    pub async fn send(&self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        datagram::send(&self.datagrams, bytes.as_ref(), None, None).await
    }

    /// Ends pending and future receives with [`ConnectionAborted`](io::ErrorKind::ConnectionAborted), after what has come by now.
    ///
    /// ```
    /// use seastar::net::UdpSocket;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let socket = UdpSocket::bind("127.0.0.1:0")?;
    ///     socket.abort_receive();
    ///     let aborted = socket.recv_from().await.unwrap_err();
    ///     assert_eq!(aborted.kind(), std::io::ErrorKind::ConnectionAborted);
    ///     Ok(())
    /// }
    /// ```
    pub fn abort_receive(&self) {
        Datagrams::shut(&self.datagrams);
    }

    /// How many datagrams the kernel has dropped so far because nobody received them and its buffer was full. Comes round to 0
    /// after four billion.
    ///
    /// ```
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let socket = seastar::net::UdpSocket::bind("127.0.0.1:0")?;
    ///     assert_eq!(socket.dropped()?, 0);
    ///     Ok(())
    /// }
    /// ```
    pub fn dropped(&self) -> io::Result<u32> {
        dropped(self.datagrams.fd())
    }
}

impl Drop for UdpSocket {
    fn drop(&mut self) {
        Datagrams::release(&self.datagrams);
    }
}

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UdpSocket").field("fd", &self.datagrams.fd()).finish_non_exhaustive()
    }
}
