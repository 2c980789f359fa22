//! Serving within limits: how many connections, how long they may be idle, how long they get when the server stops.
//!
//! A service ([`Serving`]) on every shard lets connections in, counts them, and sees them out.

use std::cell::RefCell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::panic::Location;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use super::connection::Connection;
use super::listener::TcpListener;
use super::room::{self, Pass, Room};
use super::serve::Door;
use super::stream::TcpStream;
use super::unix::{UnixListener, UnixStream};
use crate::reactor::Shared;
use crate::service::{NotRunning, Service, Sharded};
use crate::task::{self, JoinHandle, Outcome};

/// How long connections get to come to their end, by default.
const GRACE: Duration = Duration::from_secs(1);
/// How long what a handler left may take to be sent, by default.
const LINGER: Duration = Duration::from_secs(60);

/// Limits of a server, for [`TcpListener::serve_with`] and [`UnixListener::serve_with`].
///
/// ```
/// use std::time::Duration;
/// let options = seastar::net::ServeOptions::new()
///     .connections_per_shard(1000)
///     .idle_timeout(Duration::from_secs(60))
///     .linger(Duration::from_secs(10))
///     .grace_period(Duration::from_millis(500));
/// # let _ = options;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ServeOptions {
    pub(super) connections: usize,
    pub(super) idle: Option<Duration>,
    pub(super) linger: Duration,
    pub(super) grace: Duration,
}

impl ServeOptions {
    /// Any number of connections, which may be idle for ever, linger for a minute, and have one second when the server stops.
    pub const fn new() -> ServeOptions {
        ServeOptions { connections: usize::MAX, idle: None, linger: LINGER, grace: GRACE }
    }

    /// The most connections that are open on each shard. One that comes when there are so many is closed at once, and counted as
    /// [`refused`](ServeStatistics::refused). A connection counts until it is closed: also while what its handler has left is
    /// being sent, and while others have the stream that the handler gave them.
    pub const fn connections_per_shard(self, connections: usize) -> ServeOptions {
        ServeOptions { connections, ..self }
    }

    /// Closes connections on which nothing has come or gone for so long, or up to a quarter longer: reads of the handler see the end of the stream,
    /// writes an error. A send counts when all of it has gone.
    pub const fn idle_timeout(self, idle: Duration) -> ServeOptions {
        ServeOptions { idle: Some(idle), ..self }
    }

    /// How long what a handler has written may take to be sent after the handler has ended: 60 seconds by default. Then the connection is
    /// closed, the rest is lost, and it is counted as [`cut_off`](ServeStatistics::cut_off). So a peer that does not read holds no descriptor
    /// for ever. Handlers that [`close`](super::OutputStream::close) their stream wait for that themselves, and as long as they like.
    pub const fn linger(self, linger: Duration) -> ServeOptions {
        ServeOptions { linger, ..self }
    }

    /// How long [`Server::stop`] lets connections come to their end by themselves.
    pub const fn grace_period(self, grace: Duration) -> ServeOptions {
        ServeOptions { grace, ..self }
    }
}

impl Default for ServeOptions {
    fn default() -> ServeOptions {
        ServeOptions::new()
    }
}

/// What one shard of a server has done: the answer of [`Server::statistics`] for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServeStatistics {
    /// Connections that were let in.
    pub accepted: u64,
    /// Connections that were closed at once, because there were too many.
    pub refused: u64,
    /// Connections that were closed because they were idle.
    pub idle: u64,
    /// Connections that were closed because their peers did not take in [time](ServeOptions::linger) what handlers had left.
    pub cut_off: u64,
    /// Connections that are open now.
    pub open: usize,
}

/// A server that runs on all shards until it is stopped: a handle, which can be copied and sent.
///
/// [`TcpListener::serve_with`] starts one. Dropping the handle does nothing; like every [service](crate::Service) it is
/// stopped when the program ends.
#[derive(Clone, Copy)]
pub struct Server {
    serving: Sharded<Serving>,
}

impl Server {
    /// Accepts no more, and sees the connections out.
    ///
    /// They have the [grace period](ServeOptions::grace_period) to come to their end. Those that are left are then shut down: reads
    /// of their handlers see the end of the stream, writes an error; for handlers that wait for something else, it waits as long
    /// again, and leaves them. All this goes on when the future is dropped.
    ///
    /// ```
    /// use seastar::net::{ServeOptions, TcpStream, connect, listen};
    ///
    /// #[seastar::main(shards = 2, overprovisioned = true)]
    /// async fn main() -> std::io::Result<()> {
    ///     let listener = listen("127.0.0.1:0")?;
    ///     let address = listener.local_address();
    ///     let server = listener.serve_with(ServeOptions::new(), greet).await?;
    ///     let (mut input, _output) = connect(address).await?.split();
    ///     assert_eq!(*input.read().await?, *b"hello");
    ///     assert_eq!(server.statistics().await?.iter().map(|shard| shard.accepted).sum::<u64>(), 1);
    ///     server.stop().await;
    ///     assert!(connect(address).await.is_err());
    ///     Ok(())
    /// }
    ///
    /// async fn greet(stream: TcpStream) -> std::io::Result<()> {
    ///     let (_input, mut output) = stream.split();
    ///     output.write(b"hello").await?;
    ///     output.close().await
    /// }
    /// ```
    #[track_caller]
    pub fn stop(self) -> impl Future<Output = ()> {
        self.serving.stop()
    }

    /// What each shard has done so far. Dropping the future changes nothing.
    ///
    /// # Errors
    ///
    /// [`NotRunning`] when it has stopped.
    #[track_caller]
    pub fn statistics(self) -> impl Future<Output = Result<Vec<ServeStatistics>, NotRunning>> {
        self.serving.map(async |serving: &Serving| serving.room.statistics())
    }

    /// What this shard has done so far.
    ///
    /// # Errors
    ///
    /// [`NotRunning`] when the server has stopped.
    ///
    /// ```
    /// use seastar::net::{ServeOptions, listen};
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let listener = listen("127.0.0.1:0")?;
    ///     let server = listener.serve_with(ServeOptions::new(), async |_stream| Ok::<_, std::io::Error>(())).await?;
    ///     assert_eq!(server.local_statistics()?.open, 0);
    ///     server.stop().await;
    ///     assert!(server.local_statistics().is_err());
    ///     Ok(())
    /// }
    /// ```
    pub fn local_statistics(self) -> Result<ServeStatistics, NotRunning> {
        Ok(self.serving.local()?.room.statistics())
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Server")
    }
}

impl TcpListener {
    /// [`serve`](Self::serve) within limits. Returns when all shards accept, and serves until it is stopped. Dropping the future before
    /// that undoes it.
    ///
    /// # Errors
    ///
    /// When the sockets of the other shards cannot be opened.
    ///
    /// ```no_run
    /// use seastar::net::{ServeOptions, listen};
    ///
    /// #[seastar::main]
    /// async fn main() -> std::io::Result<()> {
    ///     let options = ServeOptions::new().connections_per_shard(10_000);
    ///     let server = listen(7777)?
    ///         .serve_with(options, async |stream| {
    ///             let (mut input, mut output) = stream.split();
    ///             let question = input.read().await?;
    ///             output.write_buffer(question).await?;
    ///             output.close().await
    ///         })
    ///         .await?;
    ///     seastar::stopping().await;
    ///     server.stop().await;
    ///     Ok(())
    /// }
    /// ```
    #[track_caller]
    pub fn serve_with<H, T>(
        self,
        options: ServeOptions,
        handler: H,
    ) -> impl Future<Output = io::Result<Server>>
    where
        H: AsyncFn(TcpStream) -> T + Clone + Send + 'static,
        T: Outcome,
    {
        self.serve_with_at(options, handler, Location::caller())
    }

    pub(crate) fn serve_with_at<H, T>(
        self,
        options: ServeOptions,
        handler: H,
        served_at: &'static Location<'static>,
    ) -> impl Future<Output = io::Result<Server>>
    where
        H: AsyncFn(TcpStream) -> T + Clone + Send + 'static,
        T: Outcome,
    {
        start(options, served_at, move |serving| self.serve_behind(serving, handler, served_at))
    }
}

impl UnixListener {
    /// [`serve`](Self::serve) within limits. Returns when the listener accepts, and serves until it is stopped; see
    /// [`TcpListener::serve_with`].
    ///
    /// # Errors
    ///
    /// When the connections would go to a shard that does not exist.
    ///
    /// ```
    /// use seastar::net::{ServeOptions, UnixStream, connect_unix, listen_unix};
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let name = format!("@seastar-doc-serve-{}", std::process::id());
    ///     let options = ServeOptions::new().connections_per_shard(10);
    ///     let server = listen_unix(&name)?.serve_with(options, greet).await?;
    ///     let (mut input, _output) = connect_unix(&name).await?.split();
    ///     assert_eq!(&*input.read_exactly(5).await?, b"hello");
    ///     server.stop().await;
    ///     Ok(())
    /// }
    ///
    /// async fn greet(stream: UnixStream) -> std::io::Result<()> {
    ///     let (_input, mut output) = stream.split();
    ///     output.write(b"hello").await?;
    ///     output.close().await
    /// }
    /// ```
    #[track_caller]
    pub fn serve_with<H, T>(
        self,
        options: ServeOptions,
        handler: H,
    ) -> impl Future<Output = io::Result<Server>>
    where
        H: AsyncFn(UnixStream) -> T + Clone + Send + 'static,
        T: Outcome,
    {
        self.serve_with_at(options, handler, Location::caller())
    }

    pub(crate) fn serve_with_at<H, T>(
        self,
        options: ServeOptions,
        handler: H,
        served_at: &'static Location<'static>,
    ) -> impl Future<Output = io::Result<Server>>
    where
        H: AsyncFn(UnixStream) -> T + Clone + Send + 'static,
        T: Outcome,
    {
        start(options, served_at, move |serving| self.serve_behind(serving, handler, served_at))
    }
}

/// Starts what `serve` makes, behind the doors of a new server.
async fn start<F>(
    options: ServeOptions,
    served_at: &'static Location<'static>,
    serve: impl FnOnce(Sharded<Serving>) -> F,
) -> io::Result<Server>
where
    F: Future<Output = io::Result<()>> + 'static,
{
    let serving = Sharded::start(async move |_| Serving::new(options)).await;
    // What can fail does so when it begins.
    let mut accepting = Box::pin(serve(serving));
    if let Poll::Ready(Err(error)) = poll_fn(|context| Poll::Ready(accepting.as_mut().poll(context))).await {
        serving.stop().await;
        return Err(error);
    }
    match (serving.local(), task::spawn_at(accepting, served_at)) {
        (Ok(here), Ok(fiber)) => *here.accepting.borrow_mut() = Some(fiber),
        // Somebody stopped it already.
        (Err(_), fiber) => drop(fiber.map(|fiber| fiber.cancel())),
        (Ok(_), Err(busy)) => {
            serving.stop().await;
            return Err(io::Error::new(io::ErrorKind::OutOfMemory, busy));
        }
    }
    Ok(Server { serving })
}

/// One shard's part of a server.
pub(super) struct Serving {
    room: Rc<Room>,
    /// The fiber that accepts, on the shard that was asked to serve.
    accepting: RefCell<Option<JoinHandle<io::Result<()>>>>,
    /// The fiber that looks for idle connections.
    sweeping: Option<JoinHandle<()>>,
}

impl Serving {
    fn new(options: ServeOptions) -> Serving {
        let room = Room::new(options);
        let sweeping = options.idle.map(|idle| task::spawn(room::sweep(room.clone(), idle)));
        Serving { room, accepting: RefCell::new(None), sweeping }
    }
}

impl Service for Serving {
    type Stopped = ();

    async fn stop(&self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.cancel();
        }
        let open = self.room.close().await;
        if open > 0 {
            say!(Warn, "A server has stopped while connections of it are still open: {open}");
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(sweeping) = &self.sweeping {
            sweeping.cancel();
        }
    }
}

impl Door for Sharded<Serving> {
    type Pass = Pass;

    fn admit(&self, connection: &Shared<Connection>) -> Option<Pass> {
        let serving = self.local().ok()?;
        Room::admit(&serving.room, connection)
    }
}
