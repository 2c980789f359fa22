//! Serving connections on every shard.

use std::any::Any;
use std::fmt::Display;
use std::io;
use std::os::fd::OwnedFd;
use std::panic::Location;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::connection::Connection;
use super::listener::TcpListener;
use super::listening::{Listening, Stream};
use super::options::Distribution;
use super::served::{Registered, Served, StopAll};
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
    /// # Errors
    ///
    /// When the sockets of the other shards cannot be opened. Failures to accept are logged and overcome.
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
        self.serve_behind(Open, handler, Location::caller())
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
        let stop = StopAll::new();
        let service = stop.service();
        let (here, options, address) = (smp::this_shard(), self.options, self.local_address());
        let mut sockets: Vec<Option<OwnedFd>> = Vec::new();
        for shard in 0..smp::shard_count() {
            let socket = || socket::listen_beside(address, options.setup());
            sockets.push((shard != here).then(socket).transpose()?);
        }
        let sockets = Arc::new(Mutex::new(sockets));
        let (there, their_door) = (handler.clone(), door.clone());
        let others = task::spawn(smp::invoke_on_all(async move || {
            // This shard serves already, below.
            let Some(socket) = lock(&sockets)[smp::this_shard()].take() else { return Ok(()) };
            let listener = TcpListener::from_fd(socket, options)?;
            let _registered = Registered::new(service, Served::Listener(listener.listening.acceptor.clone()));
            listener.listening.serve_here(their_door, there, served_at).await;
            Ok(())
        }));
        self.listening.serve_here(door, handler, served_at).await;
        drop(stop);
        others.await.unwrap_or_else(|error| Err(io::Error::other(error)))
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
                        log::warn!(target: "seastar", "connection to {} dropped: {busy}", self.address);
                        // Room comes when other connections end.
                        time::sleep(time::Duration::from_millis(1)).await;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => return,
                Err(error) => log::warn!(target: "seastar", "{error}"),
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
                    log::warn!(target: "seastar", "{error}");
                    continue;
                }
            };
            let Some(shard) = choose(distribution, &fd, &open) else { continue };
            let counted = open[shard].one_more();
            let (door, handler) = (door.clone(), handler.clone());
            let passed = smp::submit_to(shard, async move || {
                let stream = match S::from_fd(fd) {
                    Ok(stream) => stream,
                    Err(error) => return log::warn!(target: "seastar", "connection dropped: {error}"),
                };
                let Some(pass) = door.admit(stream.connection()) else { return };
                if let Err(busy) = attend(handler, stream, Some(counted), pass, served_at) {
                    log::warn!(target: "seastar", "connection dropped: {busy}");
                }
            });
            if let Err(busy) = task::spawn_detached(passed, served_at) {
                log::warn!(target: "seastar", "connection to {} dropped: {busy}", self.address);
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
        log::debug!(target: "seastar", "a connection ended: {error}");
        *result = Ok(());
    }
    outcome
}

fn has_gone(error: &io::Error) -> bool {
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

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
