//! HTTP on every shard.

use std::any::Any;
use std::future::Future;
use std::io;
use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;

use ::hyper::body::{Body, Incoming};
use ::hyper::rt::{Read, Write};
use ::hyper::service::{Service, service_fn};
use ::hyper::{Request, Response};
use hyper_util::server::conn::auto;

use super::connection::{self, BoxError};
use super::listener::Listener;
use super::rt::{Executor, Timer};
use crate::net::{ServeOptions, ServeStatistics, Server};
use crate::service::{NotRunning, Sharded};
use crate::sync::AbortSource;
use crate::task;

/// How long a client may take for the head of a request, by default.
const HEAD_TIME_MAX: Duration = Duration::from_secs(30);

/// Serves HTTP on every shard: `handler` answers each request.
///
/// [`Http::serve`] with the defaults of [`Http`].
///
/// ```no_run
/// use http_body_util::Full;
/// use hyper::body::{Bytes, Incoming};
/// use hyper::{Request, Response};
/// use seastar::compat::hyper::serve;
/// use std::convert::Infallible;
///
/// #[seastar::main]
/// async fn main() -> std::io::Result<()> {
///     serve(seastar::net::listen(8080)?, hello).await
/// }
///
/// async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
///     Ok(Response::new(Full::from("hello\n")))
/// }
/// ```
///
/// # Errors
///
/// As for [`TcpListener::serve`](crate::net::TcpListener::serve).
#[track_caller]
pub fn serve<L, H, B, E>(listener: L, handler: H) -> impl Future<Output = io::Result<()>>
where
    L: Listener,
    H: AsyncFn(Request<Incoming>) -> Result<Response<B>, E> + Clone + Send + 'static,
    B: Body + 'static,
    B::Error: Into<BoxError>,
    E: Into<BoxError> + 'static,
{
    Http::new().serve(listener, handler)
}

/// How HTTP is served.
///
/// HTTP/1.1 with connections that are kept, and HTTP/2 for clients that begin with it (h2c), as a proxy in front does. A client that takes more
/// than 30 seconds for the head of a request, or lets 30 seconds pass between two, is sent away. One that closes its side is answered all the
/// same; if it has gone altogether, that shows when the answer is sent, or when it resets the connection, and the handler's future is dropped.
/// All of that, and limits of both protocols, can be set by [`builder`](Self::builder).
///
/// ```
/// use seastar::compat::hyper::Http;
///
/// let mut http = Http::new();
/// http.builder().http1().max_buf_size(16 << 10);
/// http.builder().http2().max_concurrent_streams(20);
/// ```
#[derive(Clone, Debug)]
pub struct Http {
    builder: auto::Builder<Executor>,
}

impl Http {
    /// The defaults.
    #[track_caller]
    pub fn new() -> Http {
        let mut builder = auto::Builder::new(Executor::new());
        builder.http1().timer(Timer).header_read_timeout(HEAD_TIME_MAX).half_close(true);
        builder.http2().timer(Timer);
        Http { builder }
    }

    /// What hyper has to set.
    pub fn builder(&mut self) -> &mut auto::Builder<Executor> {
        &mut self.builder
    }

    /// Serves HTTP on every shard: `handler` answers each request.
    ///
    /// Connections are spread as by [`TcpListener::serve`](crate::net::TcpListener::serve), and stay on their shard, with everything that the
    /// handler makes. A handler that fails, or panics, ends its connection, or with HTTP/2 its request, and that is logged; what a
    /// peer does wrong is logged at level debug.
    ///
    /// Returns when the program stops (Ctrl-C). Requests that came before are answered within the grace period, and idle connections
    /// are closed at once. Dropping the future stops accepting on all shards.
    ///
    /// # Errors
    ///
    /// As for [`TcpListener::serve`](crate::net::TcpListener::serve).
    #[track_caller]
    pub fn serve<L, H, B, E>(self, listener: L, handler: H) -> impl Future<Output = io::Result<()>>
    where
        L: Listener,
        H: AsyncFn(Request<Incoming>) -> Result<Response<B>, E> + Clone + Send + 'static,
        B: Body + 'static,
        B::Error: Into<BoxError>,
        E: Into<BoxError> + 'static,
    {
        serve_made(self, listener, move || service(handler.clone()), Location::caller())
    }

    /// [`serve`](Self::serve) within limits. Returns when all shards accept, and serves until it is stopped.
    ///
    /// ```
    /// use http_body_util::Full;
    /// use hyper::Response;
    /// use hyper::body::Bytes;
    /// use seastar::compat::hyper::Http;
    /// use seastar::net::{ServeOptions, listen};
    /// use std::convert::Infallible;
    ///
    /// #[seastar::main(shards = 2, overprovisioned = true)]
    /// async fn main() -> std::io::Result<()> {
    ///     let listener = listen("127.0.0.1:0")?;
    ///     let options = ServeOptions::new().connections_per_shard(1000);
    ///     let server = Http::new()
    ///         .serve_with(listener, options, async |_| Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello"))))
    ///         .await?;
    ///     assert_eq!(server.statistics().await?.len(), 2);
    ///     server.stop().await;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`TcpListener::serve_with`](crate::net::TcpListener::serve_with).
    #[track_caller]
    pub fn serve_with<L, H, B, E>(
        self,
        listener: L,
        options: ServeOptions,
        handler: H,
    ) -> impl Future<Output = io::Result<HttpServer>>
    where
        L: Listener,
        H: AsyncFn(Request<Incoming>) -> Result<Response<B>, E> + Clone + Send + 'static,
        B: Body + 'static,
        B::Error: Into<BoxError>,
        E: Into<BoxError> + 'static,
    {
        serve_made_with(self, listener, options, move || service(handler.clone()), Location::caller())
    }

    /// Serves HTTP on one connection of any kind, such as one of TLS, until that or the program ends.
    ///
    /// # Errors
    ///
    /// What the peer did wrong, and what the service returns.
    ///
    /// ```no_run
    /// use http_body_util::Full;
    /// use hyper::body::{Bytes, Incoming};
    /// use hyper::service::service_fn;
    /// use hyper::{Request, Response};
    /// use seastar::compat::hyper::Http;
    /// use std::convert::Infallible;
    ///
    /// #[seastar::main]
    /// async fn main() -> std::io::Result<()> {
    ///     seastar::net::listen(8080)?
    ///         .serve(async |stream| {
    ///             let peer = stream.peer_address()?;
    ///             let answer = move |_: Request<Incoming>| async move {
    ///                 Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(format!("You are {peer}"))))
    ///             };
    ///             Http::new().serve_connection(stream, service_fn(answer)).await.map_err(std::io::Error::other)
    ///         })
    ///         .await
    /// }
    /// ```
    pub async fn serve_connection<I, S, B>(&self, io: I, service: S) -> Result<(), BoxError>
    where
        I: Read + Write + Unpin + 'static,
        S: Service<Request<Incoming>, Response = Response<B>>,
        S::Future: 'static,
        S::Error: Into<BoxError>,
        B: Body + 'static,
        B::Error: Into<BoxError>,
    {
        connection::serve(&self.builder, io, service, Rc::default(), None).await
    }
}

impl Default for Http {
    #[track_caller]
    fn default() -> Http {
        Http::new()
    }
}

/// An HTTP server that runs on all shards until it is stopped: a handle, which can be copied and sent. [`Http::serve_with`] starts one.
///
/// Like every [service](crate::Service) it is stopped when the program ends.
#[derive(Clone, Copy, Debug)]
pub struct HttpServer {
    server: Server,
    parts: Sharded<Part>,
}

impl HttpServer {
    /// Accepts no more, and closes connections that are idle. Requests that came before are answered, within the
    /// [grace period](ServeOptions::grace_period); see [`Server::stop`].
    #[track_caller]
    pub fn stop(self) -> impl Future<Output = ()> {
        let (told, stopped) = (self.parts.stop(), self.server.stop());
        async {
            told.await;
            stopped.await;
        }
    }

    /// What each shard has done so far, in connections.
    ///
    /// # Errors
    ///
    /// [`NotRunning`] when it has stopped.
    #[track_caller]
    pub fn statistics(self) -> impl Future<Output = Result<Vec<ServeStatistics>, NotRunning>> {
        self.server.statistics()
    }

    /// What this shard has done so far, in connections.
    ///
    /// # Errors
    ///
    /// [`NotRunning`] when the server has stopped.
    pub fn local_statistics(self) -> Result<ServeStatistics, NotRunning> {
        self.server.local_statistics()
    }
}

/// Serves by services that `make` makes, one on each shard, of which each connection gets a clone.
pub(crate) async fn serve_made<L, M, S, B>(
    http: Http,
    listener: L,
    make: M,
    served_at: &'static Location<'static>,
) -> io::Result<()>
where
    L: Listener,
    M: Fn() -> S + Clone + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<B>, Error: Into<BoxError>, Future: 'static>
        + Clone
        + 'static,
    B: Body<Error: Into<BoxError>> + 'static,
{
    /// Ends the parts, also when the future is dropped.
    struct End(Sharded<Part>);

    impl Drop for End {
        fn drop(&mut self) {
            // Without memory for the fiber they stop with the program.
            let _ = task::spawn_detached(self.0.stop(), Location::caller());
        }
    }

    let parts = End(Part::start(http, make).await);
    listener.serve(handler::<L, S, B>(parts.0), served_at).await
}

/// [`serve_made`] within limits.
pub(crate) async fn serve_made_with<L, M, S, B>(
    http: Http,
    listener: L,
    options: ServeOptions,
    make: M,
    served_at: &'static Location<'static>,
) -> io::Result<HttpServer>
where
    L: Listener,
    M: Fn() -> S + Clone + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<B>, Error: Into<BoxError>, Future: 'static>
        + Clone
        + 'static,
    B: Body<Error: Into<BoxError>> + 'static,
{
    let parts = Part::start(http, make).await;
    match listener.serve_with(options, handler::<L, S, B>(parts), served_at).await {
        Ok(server) => Ok(HttpServer { server, parts }),
        Err(error) => {
            parts.stop().await;
            Err(error)
        }
    }
}

/// hyper's service of a handler.
fn service<H, B, E>(
    handler: H,
) -> impl Service<Request<Incoming>, Response = Response<B>, Error = E, Future: 'static> + Clone + 'static
where
    H: AsyncFn(Request<Incoming>) -> Result<Response<B>, E> + Clone + 'static,
    B: Body + 'static,
    E: Into<BoxError> + 'static,
{
    service_fn(move |request| {
        let handler = handler.clone();
        async move { handler(request).await }
    })
}

/// One shard's part of a server.
struct Part {
    closing: Rc<AbortSource>,
    /// A [`Served`].
    served: Rc<dyn Any>,
}

/// What the connections of a shard share.
struct Served<S> {
    http: Http,
    service: S,
}

impl Part {
    async fn start<S: 'static>(http: Http, make: impl Fn() -> S + Clone + Send + 'static) -> Sharded<Part> {
        Sharded::start(async move |_| Part {
            closing: Rc::default(),
            served: Rc::new(Served { http, service: make() }),
        })
        .await
    }
}

impl crate::Service for Part {
    type Stopped = ();

    async fn stop(&self) {
        self.closing.abort();
    }
}

/// What is done with a connection.
fn handler<L, S, B>(parts: Sharded<Part>) -> impl AsyncFn(L::Stream) + Clone + Send + 'static
where
    L: Listener,
    S: Service<Request<Incoming>, Response = Response<B>, Error: Into<BoxError>, Future: 'static>
        + Clone
        + 'static,
    B: Body<Error: Into<BoxError>> + 'static,
{
    async move |stream| {
        // It may have been stopped meanwhile, and then the connection is closed.
        let Ok((served, closing)) = parts.local().map(|part| (part.served.clone(), part.closing.clone()))
        else {
            return;
        };
        let served: Rc<Served<S>> = served.downcast().expect("a server has services of one type");
        let watch = L::watch(&stream);
        watch.outlast_stop();
        let Served { http, service } = &*served;
        if let Err(error) =
            connection::serve(&http.builder, stream, service.clone(), closing, Some(watch)).await
        {
            connection::report(&error);
        }
    }
}
