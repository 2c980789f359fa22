//! Listening on Unix domain sockets.

use std::fmt;
use std::io;
use std::os::fd::AsRawFd;
use std::panic::Location;

use futures_core::FusedStream;

use super::address::{ToUnixAddress, UnixAddress};
use super::stream::UnixStream;
use crate::net::listening::{self, Listening, about};
use crate::net::options::{Distribution, ListenOptions};
use crate::net::serve::{Door, Open};
use crate::sys::unix::{self, SocketFile};
use crate::task::Outcome;

/// Listens at `path`, with the defaults of [`ListenOptions`]. [`listen_unix_with`] tells the rest.
///
/// ```
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let name = format!("@seastar-doc-listen-{}", std::process::id());
///     let listener = seastar::net::listen_unix(&name)?;
///     assert_eq!(listener.local_address().to_string(), name);
///     Ok(())
/// }
/// ```
pub fn listen_unix(path: impl ToUnixAddress) -> io::Result<UnixListener> {
    listen_unix_with(path, ListenOptions::new())
}

/// Listens at `path`, or under an abstract name if it begins with `@`.
///
/// A socket that another process left at the path, and on which nobody listens any more, is replaced. The file is removed when the
/// listener goes. Of the options, those count that are not about TCP: the backlog, the
/// [mode](ListenOptions::mode) of the file, and the distribution.
///
/// Like all calls that name files this one may wait for a disk, so it is for the start of a program.
///
/// # Errors
///
/// Those of bind(2) and listen(2), with the path. [`AddrInUse`](io::ErrorKind::AddrInUse) if somebody listens there, or if there
/// is a file that is no socket. What cannot be the name of a socket is
/// [`InvalidInput`](io::ErrorKind::InvalidInput).
///
/// ```
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let path = std::env::temp_dir().join(format!("seastar-doc-{}.socket", std::process::id()));
///     let options = seastar::net::ListenOptions::new().mode(0o600);
///     let listener = seastar::net::listen_unix_with(&path, options)?;
///     let taken = seastar::net::listen_unix(&path).unwrap_err();
///     assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);
///     drop(listener);
///     assert!(!path.exists());
///     Ok(())
/// }
/// ```
pub fn listen_unix_with(path: impl ToUnixAddress, options: ListenOptions) -> io::Result<UnixListener> {
    let address = path.to_unix_address()?;
    let opened = unix::listen(&address.0, options.setup().backlog, options.mode);
    let (fd, file) = opened.map_err(|error| about("listen on", &address, error))?;
    let address = UnixAddress(unix::local_address(fd.as_raw_fd())?);
    Ok(UnixListener { listening: Listening::new(fd, address)?, options, file })
}

/// A Unix domain socket that accepts connections.
///
/// What a [`TcpListener`](super::super::TcpListener) does, this does as well. Dropping it closes the socket and removes its
/// file.
///
/// ```
/// use seastar::net::{connect_unix, listen_unix};
///
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let name = format!("@seastar-doc-listener-{}", std::process::id());
///     let listener = listen_unix(&name)?;
///     assert_eq!(listener.local_address().to_string(), name);
///     let _client = connect_unix(&name).await?;
///     let _served = listener.accept().await?;
///     listener.abort_accept();
///     assert!(listener.accept().await.is_err());
///     Ok(())
/// }
/// ```
pub struct UnixListener {
    /// Goes before the socket.
    file: Option<SocketFile>,
    listening: Listening<UnixAddress>,
    options: ListenOptions,
}

impl UnixListener {
    /// Where it listens.
    pub fn local_address(&self) -> &UnixAddress {
        &self.listening.address
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
    /// use seastar::net::{connect_unix, listen_unix};
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let name = format!("@seastar-doc-accept-{}", std::process::id());
    ///     let listener = listen_unix(&name)?;
    ///     let client = connect_unix(&name).await?;
    ///     let server = listener.accept().await?;
    ///     assert_eq!(client.peer_address()?, server.local_address()?);
    ///     Ok(())
    /// }
    /// ```
    pub async fn accept(&self) -> io::Result<UnixStream> {
        UnixStream::from_fd(self.listening.accept().await?)
    }

    /// The connections as a stream, like [`TcpListener::incoming`](super::super::TcpListener::incoming).
    ///
    /// ```
    /// use std::pin::pin;
    /// use seastar::future::StreamExt;
    /// use seastar::net::{connect_unix, listen_unix};
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let name = format!("@seastar-doc-incoming-{}", std::process::id());
    ///     let listener = listen_unix(&name)?;
    ///     let mut incoming = pin!(listener.incoming());
    ///     let client = connect_unix(&name).await?;
    ///     let server = incoming.next().await.expect("it goes on")?;
    ///     assert_eq!(client.peer_address()?, server.local_address()?);
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
    pub fn incoming(&self) -> impl FusedStream<Item = io::Result<UnixStream>> {
        listening::incoming(async || self.accept().await)
    }

    /// Ends pending and future accepts of this listener with
    /// [`ConnectionAborted`](io::ErrorKind::ConnectionAborted) (NET-7).
    pub fn abort_accept(&self) {
        self.listening.abort();
    }

    /// Runs `handler` for each connection, in a fiber of its own, on every shard.
    ///
    /// All else is as for [`TcpListener::serve`](super::super::TcpListener::serve), but there is one socket: the listener's shard accepts, and passes
    /// each connection to the shard with the fewest, unless [`Distribution::Fixed`] names one. The file is
    /// removed as soon as the program stops, or the future is dropped.
    ///
    /// ```no_run
    /// #[seastar::main]
    /// async fn main() -> std::io::Result<()> {
    ///     let listener = seastar::net::listen_unix("/run/app.socket")?;
    ///     listener
    ///         .serve(async |stream| {
    ///             let (_input, mut output) = stream.split();
    ///             output.write("Seastar is the future!\n").await?;
    ///             output.close().await
    ///         })
    ///         .await
    /// }
    /// ```
    #[track_caller]
    pub fn serve<H, T>(self, handler: H) -> impl Future<Output = io::Result<()>>
    where
        H: AsyncFn(UnixStream) -> T + Clone + Send + 'static,
        T: Outcome,
    {
        self.serve_at(handler, Location::caller())
    }

    pub(crate) fn serve_at<H, T>(
        self,
        handler: H,
        served_at: &'static Location<'static>,
    ) -> impl Future<Output = io::Result<()>>
    where
        H: AsyncFn(UnixStream) -> T + Clone + Send + 'static,
        T: Outcome,
    {
        self.serve_behind(Open, handler, served_at)
    }

    /// [`serve`](Self::serve), where not everybody may come in.
    pub(in crate::net) async fn serve_behind<D, H, T>(
        self,
        door: D,
        handler: H,
        served_at: &'static Location<'static>,
    ) -> io::Result<()>
    where
        D: Door,
        H: AsyncFn(UnixStream) -> T + Clone + Send + 'static,
        T: Outcome,
    {
        let distribution = match self.options.distribution {
            // Peers have neither addresses to hash nor ports.
            Distribution::Kernel | Distribution::Port => Distribution::FewestConnections,
            other => other,
        };
        // In this order, so that the file goes first.
        let UnixListener { listening, file: _file, .. } = self;
        listening.serve_from_here(distribution, door, handler, served_at).await
    }
}

impl fmt::Debug for UnixListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnixListener").field("address", self.local_address()).finish_non_exhaustive()
    }
}
