//! The client's side.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::ServerName;
use rustls::sign::SingleCertAndKey;

use super::certificate::{Certificate, provider};
use super::engine::Side;
use super::failure::{failed, unusable, within};
use super::roots::Roots;
use super::stream::TlsStream;
use crate::net::{ByteStream, Connect};
use crate::sync::Limit;

const WITH: &str = "TLS handshake with";

/// How a [`TlsConnector`] behaves.
///
/// ```
/// use seastar::tls::{Certificate, ClientOptions, Roots};
///
/// # fn certificate_and_key() -> (String, String) {
/// #     let made = rcgen::generate_simple_self_signed(["localhost".to_string()]).unwrap();
/// #     (made.cert.pem(), made.signing_key.serialize_pem())
/// # }
/// # fn main() -> std::io::Result<()> {
/// # let (company, _) = certificate_and_key();
/// # let (chain, key) = certificate_and_key();
/// let options = ClientOptions::new()
///     .alpn(["h2", "http/1.1"])
///     .roots(Roots::from_pem(&company)?)
///     .certificate(Certificate::from_pem(&chain, &key)?);
/// # let _ = options;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct ClientOptions {
    roots: Option<Roots>,
    alpn: Vec<Vec<u8>>,
    certificate: Option<Certificate>,
}

impl ClientOptions {
    /// The roots of the system, no protocols, no certificate.
    pub const fn new() -> ClientOptions {
        ClientOptions { roots: None, alpn: Vec::new(), certificate: None }
    }

    /// Who may vouch for servers, instead of those whom the system trusts.
    pub fn roots(self, roots: Roots) -> ClientOptions {
        ClientOptions { roots: Some(roots), ..self }
    }

    /// The protocols that the client speaks, the best one first. The server chooses.
    pub fn alpn<P: AsRef<[u8]>>(self, protocols: impl IntoIterator<Item = P>) -> ClientOptions {
        let alpn = protocols.into_iter().map(|protocol| protocol.as_ref().to_vec()).collect();
        ClientOptions { alpn, ..self }
    }

    /// What to show to servers that ask who the client is.
    pub fn certificate(self, certificate: Certificate) -> ClientOptions {
        ClientOptions { certificate: Some(certificate), ..self }
    }
}

/// What makes streams of a client that speak TLS. A handle: clones are the same connector, also on other shards.
///
/// Servers to which it comes again skip a part of the handshake.
///
/// ```no_run
/// use seastar::net::connect;
/// use seastar::sync::Limit;
/// use seastar::tls::{ClientOptions, TlsConnector};
/// use std::time::Duration;
///
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let connector = TlsConnector::new(ClientOptions::new())?; // trusts whom the system trusts
///     let limit = Duration::from_secs(5);
///     let stream = connect("1.1.1.1:443").within(limit).await?;
///     let stream = connector.connect("one.one.one.one", stream).within(limit).await?;
///     let (mut input, mut output) = stream.split();
///     output.write("GET / HTTP/1.1\r\nHost: one.one.one.one\r\nConnection: close\r\n\r\n").await?;
///     output.flush().await?;
///     println!("{}", input.read().await?.escape_ascii());
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct TlsConnector {
    config: Arc<ClientConfig>,
}

impl TlsConnector {
    /// A connector. Reads the system's roots, unless others are given; so it is for the start of a program.
    ///
    /// # Errors
    ///
    /// Those of [`Roots::native`], and [`InvalidInput`](io::ErrorKind::InvalidInput) if rustls does not like something.
    pub fn new(options: ClientOptions) -> io::Result<TlsConnector> {
        let roots = options.roots.map_or_else(Roots::native, Ok)?;
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable("TLS client", error))?
            .with_root_certificates(roots.0);
        let mut config = match options.certificate {
            Some(certificate) => {
                let certified = rustls::sign::CertifiedKey::clone(&certificate.key);
                config.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified)))
            }
            None => config.with_no_client_auth(),
        };
        config.alpn_protocols = options.alpn;
        Ok(TlsConnector::from_config(Arc::new(config)))
    }

    /// For a client that is configured with the means of rustls.
    ///
    /// ```
    /// use seastar::tls::{TlsConnector, rustls::ClientConfig};
    /// use std::sync::Arc;
    ///
    /// fn connector(config: Arc<ClientConfig>) -> TlsConnector {
    ///     TlsConnector::from_config(config)
    /// }
    /// # let _ = connector;
    /// ```
    pub fn from_config(config: Arc<ClientConfig>) -> TlsConnector {
        TlsConnector { config }
    }

    /// Shakes hands with `server` at the other end of `stream`. `server` is a name or an IP address, which its certificate has to be for.
    ///
    /// Takes a time limit and an abort source, as [`connect`](crate::net::connect) does. Dropping the future closes the stream.
    ///
    /// # Errors
    ///
    /// [`InvalidData`](io::ErrorKind::InvalidData) with a [`Failure`](super::Failure) when rustls refuses,
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for what is no name, [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) when the server
    /// goes away, and those of the stream; all with the name.
    #[must_use = "futures do nothing until they are awaited"]
    pub fn connect<S: ByteStream>(
        &self,
        server: &str,
        stream: S,
    ) -> impl Limit<Output = io::Result<TlsStream<S>>, Limited = io::Result<TlsStream<S>>> + use<S> {
        let (config, to) = (self.config.clone(), server.to_string());
        let name = to.clone();
        let attempt = async move {
            let handshake = async {
                let server = ServerName::try_from(name.clone()).map_err(|_| {
                    io::Error::new(io::ErrorKind::InvalidInput, "this is no name of a server")
                })?;
                let connection = UnbufferedClientConnection::new(config, server).map_err(failed)?;
                TlsStream::established(Side::Client(connection), stream).await
            };
            handshake.await.map_err(|error| within(format!("{WITH} {name}"), error))
        };
        Connect { attempt, what: WITH, to: Some(to) }
    }
}

impl fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConnector").finish_non_exhaustive()
    }
}
