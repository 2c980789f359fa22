//! HTTP over TLS.

use std::fmt;
use std::future::Future;
use std::io;
use std::panic::Location;

use super::listener::{Listener, sealed};
use crate::net::{ByteStream, Plain, ServeOptions, Server, Watch};
use crate::task::Outcome;
use crate::tls::{TlsAcceptor, TlsStream};

/// A listener whose clients have to speak TLS: something for [`serve`](super::serve) and [`Http`](super::Http). Needs features `hyper` and `tls`.
///
/// Which version of HTTP is spoken is for the client to choose among those that the acceptor offers
/// ([`alpn`](crate::tls::ServerOptions::alpn)): `h2` and `http/1.1`. Connections count while they shake hands; handshakes that fail are logged at level
/// debug, and counted by the acceptor.
///
/// ```no_run
/// use http_body_util::Full;
/// use hyper::body::{Bytes, Incoming};
/// use hyper::{Request, Response};
/// use seastar::compat::hyper::{TlsListener, serve};
/// use seastar::tls::{Certificate, ServerOptions, TlsAcceptor};
/// use std::convert::Infallible;
///
/// #[seastar::main]
/// async fn main() -> std::io::Result<()> {
///     let certificate = Certificate::from_pem_files("chain.pem", "key.pem")?;
///     let acceptor = TlsAcceptor::new([certificate], ServerOptions::new().alpn(["h2", "http/1.1"]))?;
///     serve(TlsListener::new(seastar::net::listen(8443)?, acceptor), hello).await
/// }
///
/// async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
///     Ok(Response::new(Full::from("hello\n")))
/// }
/// ```
pub struct TlsListener<L> {
    listener: L,
    acceptor: TlsAcceptor,
}

impl<L: Listener<Stream: ByteStream<Transport = Plain>>> TlsListener<L> {
    /// The listener, behind handshakes.
    pub fn new(listener: L, acceptor: TlsAcceptor) -> TlsListener<L> {
        TlsListener { listener, acceptor }
    }
}

impl<L> sealed::Sealed for TlsListener<L> {}

impl<L: Listener<Stream: ByteStream<Transport = Plain>>> Listener for TlsListener<L> {
    type Stream = TlsStream<L::Stream>;

    fn serve<H, T>(
        self,
        handler: H,
        served_at: &'static Location<'static>,
    ) -> impl Future<Output = io::Result<()>>
    where
        H: AsyncFn(Self::Stream) -> T + Clone + Send + 'static,
        T: Outcome,
    {
        self.listener.serve(behind(self.acceptor, handler), served_at)
    }

    fn serve_with<H, T>(
        self,
        options: ServeOptions,
        handler: H,
        served_at: &'static Location<'static>,
    ) -> impl Future<Output = io::Result<Server>>
    where
        H: AsyncFn(Self::Stream) -> T + Clone + Send + 'static,
        T: Outcome,
    {
        self.listener.serve_with(options, behind(self.acceptor, handler), served_at)
    }

    fn watch(stream: &Self::Stream) -> Watch {
        Watch::of(stream.below())
    }
}

/// The handler, for those who have shaken hands.
fn behind<S, H, T>(acceptor: TlsAcceptor, handler: H) -> impl AsyncFn(S) -> Option<T> + Clone + Send + 'static
where
    S: ByteStream,
    H: AsyncFn(TlsStream<S>) -> T + Clone + Send + 'static,
    T: Outcome,
{
    async move |stream: S| Some(handler(acceptor.admit(stream).await?).await)
}

impl<L: fmt::Debug> fmt::Debug for TlsListener<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsListener").field("listener", &self.listener).finish_non_exhaustive()
    }
}
