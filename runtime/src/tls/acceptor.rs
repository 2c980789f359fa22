//! The server's side.

use std::any::Any;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::ring::Ticketer;
use rustls::server::{UnbufferedServerConnection, WebPkiClientVerifier};

use super::certificate::{Certificate, provider};
use super::engine::Side;
use super::failure::{failed, is_of_peer, unusable, within};
use super::names::Names;
use super::roots::Roots;
use super::stream::TlsStream;
use crate::net::{ByteStream, Connect};
use crate::sync::Limit;
use crate::time::timeout;

/// How long clients have to shake hands, by default.
const HANDSHAKE: Duration = Duration::from_secs(10);

const WITH: &str = "TLS handshake with";
const WHOM: &str = "a client";

/// How a [`TlsAcceptor`] behaves.
///
/// ```
/// use seastar::tls::ServerOptions;
/// use std::time::Duration;
///
/// let options = ServerOptions::new().alpn(["h2", "http/1.1"]).handshake_timeout(Duration::from_secs(5));
/// # let _ = options;
/// ```
///
/// A server for those whom the company knows, and one that asks who they are and takes others as well:
///
/// ```
/// use seastar::tls::{Roots, ServerOptions};
///
/// # fn certificate_and_key() -> (String, String) {
/// #     let made = rcgen::generate_simple_self_signed(["localhost".to_string()]).unwrap();
/// #     (made.cert.pem(), made.signing_key.serialize_pem())
/// # }
/// # fn main() -> std::io::Result<()> {
/// # let (company, _) = certificate_and_key();
/// let inner = ServerOptions::new().require_clients(Roots::from_pem(&company)?);
/// let outer = ServerOptions::new().ask_clients(Roots::from_pem(&company)?);
/// # let _ = (inner, outer);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ServerOptions {
    alpn: Vec<Vec<u8>>,
    clients: Option<Roots>,
    must_clients_show: bool,
    handshake: Duration,
}

impl ServerOptions {
    /// No protocols, no certificates of clients, ten seconds for a handshake.
    pub const fn new() -> ServerOptions {
        ServerOptions { alpn: Vec::new(), clients: None, must_clients_show: false, handshake: HANDSHAKE }
    }

    /// The protocols that the server speaks, the best one first. A client that offers some, but none of these, is refused.
    pub fn alpn<P: AsRef<[u8]>>(self, protocols: impl IntoIterator<Item = P>) -> ServerOptions {
        let alpn = protocols.into_iter().map(|protocol| protocol.as_ref().to_vec()).collect();
        ServerOptions { alpn, ..self }
    }

    /// Asks clients for a certificate that one of `roots` vouches for. Those without any are accepted, too; see
    /// [`peer_certificates`](TlsStream::peer_certificates).
    pub fn ask_clients(self, roots: Roots) -> ServerOptions {
        ServerOptions { clients: Some(roots), must_clients_show: false, ..self }
    }

    /// Accepts only clients that show a certificate that one of `roots` vouches for.
    pub fn require_clients(self, roots: Roots) -> ServerOptions {
        ServerOptions { clients: Some(roots), must_clients_show: true, ..self }
    }

    /// How long a client has to shake hands.
    pub const fn handshake_timeout(self, handshake: Duration) -> ServerOptions {
        // Not with `..self`, which would drop the other parts: that is not const.
        let mut options = self;
        options.handshake = handshake;
        options
    }
}

impl Default for ServerOptions {
    fn default() -> ServerOptions {
        ServerOptions::new()
    }
}

/// What makes streams of a server that speak TLS. A handle: clones are the same acceptor, also on other shards.
///
/// [`before`](Self::before) puts it before the handler of a listener; [`accept`](Self::accept) does one stream. Clients
/// that come again skip a part of the handshake, on whichever shard they arrive (tickets, whose keys change every six hours).
#[derive(Clone)]
pub struct TlsAcceptor {
    server: Arc<Server>,
}

struct Server {
    config: Arc<ServerConfig>,
    /// Nothing if another configuration chooses them.
    names: Option<Arc<Names>>,
    handshake: Duration,
    accepted: AtomicU64,
    failed: AtomicU64,
}

/// What a [`TlsAcceptor`] has done, on all shards.
///
/// ```
/// # fn shown(acceptor: &seastar::tls::TlsAcceptor) {
/// let statistics = acceptor.statistics();
/// println!("{} of {} failed", statistics.failed, statistics.accepted + statistics.failed);
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TlsStatistics {
    /// Handshakes that were done.
    pub accepted: u64,
    /// Handshakes that failed, or took too long.
    pub failed: u64,
}

impl TlsAcceptor {
    /// For a server with these certificates. Which one a client gets is a question of the name for which it asks (SNI) and
    /// of the names that stand in the certificates; the first one is for all others.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) without a certificate, and if rustls does not like something.
    pub fn new(
        certificates: impl IntoIterator<Item = Certificate>,
        options: ServerOptions,
    ) -> io::Result<TlsAcceptor> {
        let names = Arc::new(Names::new(certificates).ok_or_else(none)?);
        let refused = |error: &dyn fmt::Display| unusable("TLS server", error);
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| refused(&error))?;
        let config = match options.clients {
            Some(roots) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.0, provider());
                let verifier = match options.must_clients_show {
                    true => verifier,
                    false => verifier.allow_unauthenticated(),
                };
                config.with_client_cert_verifier(verifier.build().map_err(|error| refused(&error))?)
            }
            None => config.with_no_client_auth(),
        };
        let mut config = config.with_cert_resolver(names.clone());
        config.alpn_protocols = options.alpn;
        config.ticketer = Ticketer::new().map_err(|error| refused(&error))?;
        Ok(TlsAcceptor::of(Arc::new(config), Some(names), options.handshake))
    }

    /// For a server that is configured with the means of rustls. Early data is not supported.
    ///
    /// ```
    /// use seastar::tls::{TlsAcceptor, rustls::ServerConfig};
    /// use std::sync::Arc;
    ///
    /// fn acceptor(config: Arc<ServerConfig>) -> TlsAcceptor {
    ///     TlsAcceptor::from_config(config)
    /// }
    /// # let _ = acceptor;
    /// ```
    pub fn from_config(config: Arc<ServerConfig>) -> TlsAcceptor {
        TlsAcceptor::of(config, None, HANDSHAKE)
    }

    fn of(config: Arc<ServerConfig>, names: Option<Arc<Names>>, handshake: Duration) -> TlsAcceptor {
        let (accepted, failed) = (AtomicU64::new(0), AtomicU64::new(0));
        TlsAcceptor { server: Arc::new(Server { config, names, handshake, accepted, failed }) }
    }

    /// Other certificates, for the handshakes that begin from now on, on every shard.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) without a certificate, and for an acceptor whose certificates a
    /// [configuration](Self::from_config) chooses; then nothing changes.
    ///
    /// ```
    /// # fn certificate_and_key() -> (String, String) {
    /// #     let made = rcgen::generate_simple_self_signed(["localhost".to_string()]).unwrap();
    /// #     (made.cert.pem(), made.signing_key.serialize_pem())
    /// # }
    /// use seastar::tls::{Certificate, ServerOptions, TlsAcceptor};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # let (chain, key) = certificate_and_key();
    /// let acceptor = TlsAcceptor::new([Certificate::from_pem(&chain, &key)?], ServerOptions::new())?;
    /// // Some weeks later, on any shard:
    /// # let (chain, key) = certificate_and_key();
    /// acceptor.set_certificates([Certificate::from_pem(&chain, &key)?])?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_certificates(&self, certificates: impl IntoIterator<Item = Certificate>) -> io::Result<()> {
        match &self.server.names {
            Some(names) if names.replace(certificates) => Ok(()),
            Some(_) => Err(none()),
            None => Err(unusable("certificates", "those of this acceptor are chosen by its configuration")),
        }
    }

    /// Shakes hands with the client at the other end of `stream`.
    ///
    /// No longer than the [time](ServerOptions::handshake_timeout) that clients have; takes a shorter limit and an abort source, as
    /// [`connect`](crate::net::connect) does. Dropping the future closes the stream.
    ///
    /// # Errors
    ///
    /// [`InvalidData`](io::ErrorKind::InvalidData) with a [`Failure`](super::Failure) when rustls refuses, [`TimedOut`](io::ErrorKind::TimedOut),
    /// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) when the client goes away, and those of the stream.
    #[must_use = "futures do nothing until they are awaited"]
    pub fn accept<S: ByteStream>(
        &self,
        stream: S,
    ) -> impl Limit<Output = io::Result<TlsStream<S>>, Limited = io::Result<TlsStream<S>>> + use<S> {
        let server = self.server.clone();
        let attempt = async move {
            let attempt = timeout(server.handshake, server.shake_hands(stream));
            let done = attempt.await.unwrap_or_else(|_| {
                let text = format!("nothing came of it within {:?}", server.handshake);
                Err(io::Error::new(io::ErrorKind::TimedOut, text))
            });
            let count = if done.is_ok() { &server.accepted } else { &server.failed };
            count.fetch_add(1, Ordering::Relaxed);
            done.map_err(|error| within(format!("{WITH} {WHOM}"), error))
        };
        Connect { attempt, what: WITH, to: Some(WHOM) }
    }

    /// The handler, behind a handshake: something for `serve` and `serve_with` of any listener.
    ///
    /// Connections count as served while they shake hands. Handshakes that fail are counted ([`statistics`](Self::statistics)) and logged at
    /// level debug, as are streams that the peer cuts or fills with nonsense: what peers do must not fill the log.
    ///
    /// ```no_run
    /// use seastar::net::{ServeOptions, TcpStream, listen};
    /// use seastar::tls::{Certificate, ServerOptions, TlsAcceptor, TlsStream};
    ///
    /// #[seastar::main]
    /// async fn main() -> std::io::Result<()> {
    ///     let certificate = Certificate::from_pem_files("chain.pem", "key.pem")?;
    ///     let acceptor = TlsAcceptor::new([certificate], ServerOptions::new())?;
    ///     let limits = ServeOptions::new().connections_per_shard(1000);
    ///     let server = listen(8443)?.serve_with(limits, acceptor.before(greet)).await?;
    ///     seastar::stopping().await;
    ///     server.stop().await;
    ///     println!("{} handshakes have failed", acceptor.statistics().failed);
    ///     Ok(())
    /// }
    ///
    /// async fn greet(stream: TlsStream<TcpStream>) -> std::io::Result<()> {
    ///     let (_input, mut output) = stream.split();
    ///     output.write(b"hello").await?;
    ///     output.close().await
    /// }
    /// ```
    pub fn before<S, H, E>(&self, handler: H) -> impl AsyncFn(S) -> Result<(), E> + Clone + Send + 'static
    where
        S: ByteStream,
        H: AsyncFn(TlsStream<S>) -> Result<(), E> + Clone + Send + 'static,
        E: fmt::Debug + 'static,
    {
        let acceptor = self.clone();
        async move |stream: S| {
            let Some(stream) = acceptor.admit(stream).await else { return Ok(()) };
            handler(stream).await.or_else(forgive)
        }
    }

    /// A client that has shaken hands; failures are only logged.
    pub(crate) async fn admit<S: ByteStream>(&self, stream: S) -> Option<TlsStream<S>> {
        let accepted = self.accept(stream).await;
        accepted.inspect_err(|error| say!(Debug, "{error}")).ok()
    }

    /// What was done so far.
    pub fn statistics(&self) -> TlsStatistics {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        TlsStatistics { accepted: load(&self.server.accepted), failed: load(&self.server.failed) }
    }
}

impl Server {
    async fn shake_hands<S: ByteStream>(&self, stream: S) -> io::Result<TlsStream<S>> {
        let connection = UnbufferedServerConnection::new(self.config.clone()).map_err(failed)?;
        TlsStream::established(Side::Server(connection), stream).await
    }
}

/// What a peer has done to its stream is no failure of a handler.
fn forgive<E: 'static>(error: E) -> Result<(), E> {
    match (&error as &dyn Any).downcast_ref::<io::Error>() {
        Some(ended) if is_of_peer(ended) => {
            say!(Debug, "a connection ended: {ended}");
            Ok(())
        }
        _ => Err(error),
    }
}

fn none() -> io::Error {
    unusable("TLS server", "it needs at least one certificate")
}

impl fmt::Debug for TlsAcceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsAcceptor").field("statistics", &self.statistics()).finish_non_exhaustive()
    }
}
