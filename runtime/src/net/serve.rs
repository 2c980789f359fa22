//! Serving connections on every shard.

use std::any::Any;
use std::fmt::Display;
use std::io;
use std::os::fd::OwnedFd;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::connection::Connection;
use super::listener::TcpListener;
use super::listening::{Listening, Stream};
use super::options::Distribution;
use super::served::{self, Served, Together, serve_together};
use super::stream::TcpStream;
use crate::reactor::Shared;
use crate::sys::socket;
use crate::task::{self, Busy, Outcome};
use crate::{smp, time};

impl TcpListener {
    /// Runs `handler` for each connection, in a fiber of its own, on every shard.
    ///
    /// Which shard gets a connection is the listener's [`Distribution`]. The connection
    /// stays there, and so does everything that the handler makes; the handler itself is copied to each shard.
    /// A handler that fails is logged, like every fiber whose failure nobody reads; that a peer has gone
    /// (an [`io::Error`] such as `ConnectionReset`) is logged at level debug.
    ///
    /// Returns `Ok` when the program stops (Ctrl-C). Connections that are being served then get the
    /// grace period to come to their end. Dropping the future stops accepting on all shards.
    ///
    /// Nothing limits how many connections there are and how long they stay. One whose handler has ended stays until what the handler
    /// left is sent: a peer that does not read keeps it, and its descriptor, until the program stops, unless
    /// [`set_user_timeout`](super::TcpControl::set_user_timeout) says how long that may take. For peers that nobody answers for there is
    /// [`serve_with`](Self::serve_with), which bounds all of this.
    ///
    /// # Errors
    ///
    /// When the sockets of the other shards cannot be opened or served, which ends it on all. Failures to accept are logged and overcome.
    ///
    /// ```no_run
    /// #[seastar::main]
    /// async fn main() -> std::io::Result<()> {
    ///     let listener = seastar::net::listen("0.0.0.0:7777")?;
    ///     listener
    ///         .serve(async |stream| {
    ///             let (mut input, mut output) = stream.split();
    ///             loop {
    ///                 let bytes = input.read().await?;
    ///                 if bytes.is_empty() {
    ///                     return output.close().await;
    ///                 }
    ///                 output.write_buffer(bytes).await?;
    ///                 output.flush().await?;
    ///             }
    ///         })
    ///         .await
    /// }
    /// ```
    #[track_caller]
    pub fn serve<H, T>(self, handler: H) -> impl Future<Output = io::Result<()>>
    where
        H: AsyncFn(TcpStream) -> T + Clone + Send + 'static,
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
        H: AsyncFn(TcpStream) -> T + Clone + Send + 'static,
        T: Outcome,
    {
        self.serve_behind(Open, handler, served_at)
    }

    /// [`serve`](Self::serve), where not everybody may come in.
    pub(super) async fn serve_behind<D, H, T>(
        self,
        door: D,
        handler: H,
        served_at: &'static Location<'static>,
    ) -> io::Result<()>
    where
        D: Door,
        H: AsyncFn(TcpStream) -> T + Clone + Send + 'static,
        T: Outcome,
    {
        match self.options.distribution {
            Distribution::Kernel => self.serve_beside(door, handler, served_at).await,
            distribution => self.listening.serve_from_here(distribution, door, handler, served_at).await,
        }
    }

    /// One socket for each shard.
    async fn serve_beside<D, H, T>(
        self,
        door: D,
        handler: H,
        served_at: &'static Location<'static>,
    ) -> io::Result<()>
    where
        D: Door,
        H: AsyncFn(TcpStream) -> T + Clone + Send + 'static,
        T: Outcome,
    {
        let (options, address) = (self.options, self.local_address());
        let sockets = served::sockets(|| socket::listen_beside(address, options.setup()))?;
        let (there, their_door) = (handler.clone(), door.clone());
        let here = async |together| self.serve_one(together, door, handler, served_at).await;
        let there = async move |socket, together| {
            let listener = TcpListener::from_fd(socket, options)?;
            listener.serve_one(together, their_door, there, served_at).await
        };
        serve_together(sockets, here, there).await
    }

    /// The socket of this shard.
    async fn serve_one<D, H, T>(
        self,
        together: Together,
        door: D,
        handler: H,
        served_at: &'static Location<'static>,
    ) -> io::Result<()>
    where
        D: Door,
        H: AsyncFn(TcpStream) -> T + Clone + 'static,
        T: Outcome,
    {
        let _registered = together.register(Served::Listener(self.listening.acceptor.clone()));
        self.listening.serve_here(door, handler, served_at).await;
        Ok(())
    }
}

impl<A: Display + 'static> Listening<A> {
    /// Accepts on this shard and runs the handler on it.
    async fn serve_here<S, D, H, T>(&self, door: D, handler: H, served_at: &'static Location<'static>)
    where
        S: Stream,
        D: Door,
        H: AsyncFn(S) -> T + Clone + 'static,
        T: Outcome,
    {
        loop {
            match self.accept().await.and_then(S::from_fd) {
                Ok(stream) => {
                    let Some(pass) = door.admit(stream.connection()) else { continue };
                    if let Err(busy) = attend(handler.clone(), stream, None, pass, served_at) {
                        say!(Warn, "connection to {} dropped: {busy}", self.address);
                        // Room comes when other connections end.
                        time::sleep(time::Duration::from_millis(1)).await;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => return,
                Err(error) => say!(Warn, "{error}"),
            }
        }
    }

    /// Accepts on this shard and passes connections on.
    pub(super) async fn serve_from_here<S, D, H, T>(
        &self,
        distribution: Distribution,
        door: D,
        handler: H,
        served_at: &'static Location<'static>,
    ) -> io::Result<()>
    where
        S: Stream,
        D: Door,
        H: AsyncFn(S) -> T + Clone + Send + 'static,
        T: Outcome,
    {
        let shards = smp::shard_count();
        if let Distribution::Fixed(shard) = distribution
            && shard >= shards
        {
            let text = format!("connections for shard {shard}, but there are {shards}, from 0");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let open: Vec<Count> = (0..shards).map(|_| Count::default()).collect();
        loop {
            let fd = match self.accept().await {
                Ok(fd) => fd,
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => return Ok(()),
                Err(error) => {
                    say!(Warn, "{error}");
                    continue;
                }
            };
            let Some(shard) = choose(distribution, &fd, &open) else { continue };
            let counted = open[shard].one_more();
            let (door, handler) = (door.clone(), handler.clone());
            let passed = smp::submit_to(shard, async move || {
                let stream = match S::from_fd(fd) {
                    Ok(stream) => stream,
                    Err(error) => return say!(Warn, "connection dropped: {error}"),
                };
                let Some(pass) = door.admit(stream.connection()) else { return };
                if let Err(busy) = attend(handler, stream, Some(counted), pass, served_at) {
                    say!(Warn, "connection dropped: {busy}");
                }
            });
            if let Err(busy) = task::spawn_detached(passed, served_at) {
                say!(Warn, "connection to {} dropped: {busy}", self.address);
            }
        }
    }
}

/// Who lets connections in, on their shard.
pub(super) trait Door: Clone + Send + 'static {
    /// Kept while the connection is being served.
    type Pass: 'static;

    /// `None` closes the connection.
    fn admit(&self, connection: &Shared<Connection>) -> Option<Self::Pass>;
}

/// Lets everybody in.
#[derive(Clone)]
pub(super) struct Open;

impl Door for Open {
    type Pass = ();

    #[inline]
    fn admit(&self, _: &Shared<Connection>) -> Option<()> {
        Some(())
    }
}

/// Runs the handler for one connection, in a fiber of its own. There is one kind of such fibers, so that the
/// compiler builds a handler into one place.
fn attend<S, H, T>(
    handler: H,
    stream: S,
    counted: Option<Counted>,
    pass: impl Sized + 'static,
    served_at: &'static Location<'static>,
) -> Result<(), Busy>
where
    S: Stream,
    H: AsyncFn(S) -> T + 'static,
    T: Outcome,
{
    let fiber = async move {
        let _inside = (counted, pass);
        settle(handler(stream).await)
    };
    task::spawn_detached(fiber, served_at)
}

/// What came of a connection. That the peer has gone is no failure: a peer must not fill the log.
#[inline(never)]
fn settle<T: Outcome>(mut outcome: T) -> T {
    let result: Option<&mut io::Result<()>> = (&mut outcome as &mut dyn Any).downcast_mut();
    if let Some(result) = result
        && let Err(error) = result
        && has_gone(error)
    {
        say!(Debug, "a connection ended: {error}");
        *result = Ok(());
    }
    outcome
}

/// Whether the failure is that the peer is there no more.
pub(crate) fn has_gone(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected)
}

/// The shard for a connection; `None` if the peer is gone already.
fn choose(distribution: Distribution, fd: &OwnedFd, open: &[Count]) -> Option<usize> {
    use std::os::fd::AsRawFd;
    match distribution {
        Distribution::Fixed(shard) => Some(shard),
        Distribution::Port => Some(socket::peer_address(fd.as_raw_fd()).ok()?.port() as usize % open.len()),
        Distribution::Kernel | Distribution::FewestConnections => {
            let shards = open.iter().enumerate();
            shards.min_by_key(|(_, count)| count.get()).map(|(shard, _)| shard)
        }
    }
}

/// How many connections of a listener are open on a shard.
#[derive(Default)]
struct Count(Arc<AtomicUsize>);

impl Count {
    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn one_more(&self) -> Counted {
        self.0.fetch_add(1, Ordering::Relaxed);
        Counted(self.0.clone())
    }
}

/// One of them, as long as this lives.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
