//! Listening for connections.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd};

use futures_core::FusedStream;

use super::address::ToAddress;
use super::listening::{self, Listening, about};
use super::options::ListenOptions;
use super::stream::TcpStream;
use crate::sys::socket::{self, ListenSetup};

/// Listens on `address`, with the defaults of [`ListenOptions`].
///
/// # Errors
///
/// Those of bind(2) and listen(2), with the address: `listen on 0.0.0.0:7777: Address already in use`.
/// What is not an address is [`InvalidInput`](io::ErrorKind::InvalidInput).
///
/// ```
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let first = seastar::net::listen("127.0.0.1:0")?;
///     let taken = seastar::net::listen(first.local_address()).unwrap_err();
///     assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);
///     Ok(())
/// }
/// ```
#[doc(alias = "bind")]
pub fn listen(address: impl ToAddress) -> io::Result<TcpListener> {
    listen_with(address, ListenOptions::new())
}

/// Listens on `address`, with options. See [`listen`].
///
/// ```
/// use seastar::net::{Distribution, ListenOptions, listen_with};
///
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let options = ListenOptions::new().backlog(128).distribution(Distribution::FewestConnections);
///     let listener = listen_with("127.0.0.1:0", options)?;
///     assert_ne!(listener.local_address().port(), 0);
///     Ok(())
/// }
/// ```
///
/// # Errors
///
/// As for [`listen`].
pub fn listen_with(address: impl ToAddress, options: ListenOptions) -> io::Result<TcpListener> {
    let address = address.to_address()?;
    let opened = socket::listen(address, options.setup());
    let fd = opened.map_err(|error| about("listen on", address, error))?;
    TcpListener::from_fd(fd, options)
}

impl ListenOptions {
    pub(super) fn setup(&self) -> ListenSetup {
        ListenSetup {
            backlog: i32::try_from(self.backlog).unwrap_or(i32::MAX),
            reuse_address: self.reuse_address,
            nodelay: self.nodelay,
            keepalive: self.keepalive,
        }
    }
}

/// A socket that accepts connections.
///
/// [`serve`](Self::serve) runs a handler for each connection, on every shard. [`accept`](Self::accept) takes connections one
/// by one on this shard. Dropping the listener closes it; where an accept was pending, the address is free once the
/// kernel has let go of that, a turn of the loop later.
///
/// ```no_run
/// use seastar::net::listen;
/// use std::io::ErrorKind;
///
/// #[seastar::main]
/// async fn main() -> std::io::Result<()> {
///     let listener = listen(7777)?;
///     loop {
///         match listener.accept().await {
///             Ok((_stream, peer)) => println!("{peer} is here"), // and is sent away: the stream is dropped
///             Err(error) if error.kind() == ErrorKind::ConnectionAborted => return Ok(()),
///             Err(error) => log::warn!("cannot accept: {error}"),
///         }
///     }
/// }
/// ```
pub struct TcpListener {
    pub(super) listening: Listening<SocketAddr>,
    pub(super) options: ListenOptions,
}

impl TcpListener {
    pub(super) fn from_fd(fd: OwnedFd, options: ListenOptions) -> io::Result<TcpListener> {
        let address = socket::local_address(fd.as_raw_fd())?;
        Ok(TcpListener { listening: Listening::new(fd, address)?, options })
    }

    /// The address that it listens on, with the port that the kernel chose if it was asked for port 0.
    pub fn local_address(&self) -> SocketAddr {
        self.listening.address
    }

    /// Waits for a connection. Cancel-safe.
    ///
    /// # Errors
    ///
    /// [`ConnectionAborted`](io::ErrorKind::ConnectionAborted) after [`abort_accept`](Self::abort_accept) and when
    /// the program stops: time to leave the loop. Any other error is the kernel's, such as EMFILE; the
    /// listener goes on, and the next call first waits a little, so that a loop may simply try again.
    ///
    /// ```
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let listener = seastar::net::listen("127.0.0.1:0")?;
    ///     let client = seastar::spawn(seastar::net::connect(listener.local_address()));
    ///     let (stream, peer) = listener.accept().await?;
    ///     assert_eq!(stream.peer_address()?, peer);
    ///     client.await.unwrap()?;
    ///     Ok(())
    /// }
    /// ```
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        loop {
            let stream = TcpStream::from_fd(self.listening.accept().await?)?;
            match stream.peer_address() {
                Ok(peer) => return Ok((stream, peer)),
                // The peer has gone before anybody looked at it.
                Err(error) if error.kind() == io::ErrorKind::NotConnected => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The connections as a stream, for what takes streams. It ends after [`abort_accept`](Self::abort_accept) and when the program stops.
    ///
    /// ```
    /// use std::pin::pin;
    /// use seastar::future::StreamExt;
    /// use seastar::net::{connect, listen};
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let listener = listen("127.0.0.1:0")?;
    ///     let mut incoming = pin!(listener.incoming());
    ///     for _ in 0..2 {
    ///         let client = seastar::spawn(connect(listener.local_address()));
    ///         let Some(connection) = incoming.next().await else { unreachable!("it goes on") };
    ///         let (stream, peer) = connection?;
    ///         assert_eq!(stream.peer_address()?, peer);
    ///         client.await.unwrap()?;
    ///     }
    ///     listener.abort_accept();
    ///     assert!(incoming.next().await.is_none());
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// An item is the error of [`accept`](Self::accept), if there is one; the stream goes on behind it.
    ///
    /// # Panics
    ///
    /// As [`generate`](crate::future::generate).
    #[track_caller]
    pub fn incoming(&self) -> impl FusedStream<Item = io::Result<(TcpStream, SocketAddr)>> {
        listening::incoming(async || self.accept().await)
    }

    /// Ends pending and future accepts of this listener with
    /// [`ConnectionAborted`](io::ErrorKind::ConnectionAborted) (NET-7).
    ///
    /// ```
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let listener = seastar::net::listen("127.0.0.1:0")?;
    ///     listener.abort_accept();
    ///     let aborted = listener.accept().await.unwrap_err();
    ///     assert_eq!(aborted.kind(), std::io::ErrorKind::ConnectionAborted);
    ///     Ok(())
    /// }
    /// ```
    pub fn abort_accept(&self) {
        self.listening.abort();
    }
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpListener").field("address", &self.listening.address).finish_non_exhaustive()
    }
}
