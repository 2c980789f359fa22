//! A stream over TLS, before it is taken apart into its two directions.

use std::fmt;
use std::future::poll_fn;
use std::io;

use rustls::pki_types::CertificateDer;
use rustls::{ProtocolVersion, SupportedCipherSuite};

use super::engine::Side;
use super::session::Tls;
use crate::net::{ByteStream, InputStream, OutputStream};
#[cfg(feature = "__polled")]
use {
    crate::net::{PolledRead, Written},
    std::mem::MaybeUninit,
    std::task::{Context, Poll},
};

type Halves<S> =
    (InputStream<Tls<<S as ByteStream>::Transport>>, OutputStream<Tls<<S as ByteStream>::Transport>>);

/// A stream over TLS, whose handshake is done.
///
/// [`split`](Self::split) it to read and write. Dropping it closes the stream below, without a `close_notify`.
///
/// ```
/// use seastar::net::UnixStream;
/// use seastar::tls::{Certificate, ClientOptions, Roots, ServerOptions, TlsAcceptor, TlsConnector, TlsStream};
///
/// # fn certificate_and_key() -> (String, String) {
/// #     let made = rcgen::generate_simple_self_signed(["localhost".to_string()]).unwrap();
/// #     (made.cert.pem(), made.signing_key.serialize_pem())
/// # }
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let (chain, key) = certificate_and_key();
///     let options = ServerOptions::new().alpn(["h2", "http/1.1"]);
///     let acceptor = TlsAcceptor::new([Certificate::from_pem(&chain, &key)?], options)?;
///     let options = ClientOptions::new().roots(Roots::from_pem(&chain)?).alpn(["http/1.1"]);
///     let connector = TlsConnector::new(options)?;
///
///     let (client, server) = UnixStream::pair()?;
///     let (client, server) = seastar::when_all!(connector.connect("localhost", client), acceptor.accept(server));
///     let (client, server): (TlsStream<UnixStream>, TlsStream<UnixStream>) = (client?, server?);
///     assert_eq!(server.server_name(), Some("localhost"));
///     assert_eq!(server.alpn_protocol().as_deref(), Some(&b"http/1.1"[..]));
///     assert_eq!(server.cipher_suite(), client.cipher_suite());
///     assert_eq!(server.protocol_version(), client.protocol_version());
///     assert_eq!(client.peer_certificates().unwrap().len(), 1);
///     assert!(server.peer_certificates().is_none()); // nobody has asked the client
///     assert!(server.control().peer_credentials().is_ok()); // the stream below
///     let (_input, output) = client.split();
///     output.close().await?;
///     assert!(server.split().0.read().await?.is_empty());
///     Ok(())
/// }
/// ```
pub struct TlsStream<S: ByteStream> {
    input: InputStream<Tls<S::Transport>>,
    output: OutputStream<Tls<S::Transport>>,
    control: S::Control,
    server_name: Option<String>,
}

impl<S: ByteStream> TlsStream<S> {
    /// Shakes hands on `stream`.
    pub(super) async fn established(side: Side, stream: S) -> io::Result<TlsStream<S>> {
        let control = stream.control();
        let (input, output) = stream.split();
        let session = Tls::new(side, input, output);
        // The halves, which close the stream below however this ends.
        let mut stream = TlsStream {
            input: InputStream::new(session.clone()),
            output: OutputStream::new(session),
            control,
            server_name: None,
        };
        let session = stream.input.transport();
        let mut asked_for = None;
        let handshake = poll_fn(|context| {
            let polled = session.poll_handshake(context);
            asked_for = super::names::take_asked_for().or(asked_for.take());
            polled
        });
        handshake.await?;
        stream.server_name = asked_for;
        Ok(stream)
    }

    /// The two directions, which different fibers may use. The stream below is closed when both are dropped.
    pub fn split(self) -> Halves<S> {
        (self.input, self.output)
    }

    /// The handle of the stream below.
    pub fn control(&self) -> S::Control
    where
        S::Control: Clone,
    {
        self.control.clone()
    }

    /// What carries the records.
    #[cfg(feature = "hyper")]
    pub(crate) fn below(&self) -> S::Transport {
        self.input.transport().below().expect("there until the stream is split, which uses it up")
    }

    /// The protocol that both sides speak (ALPN), such as `h2`; nothing if they have not agreed on any.
    pub fn alpn_protocol(&self) -> Option<Vec<u8>> {
        self.input.transport().state().alpn_protocol().map(<[u8]>::to_vec)
    }

    /// The name of the server for which the client has asked (SNI). Nothing on the client's side, and where a
    /// [configuration](super::TlsAcceptor::from_config) of one's own chooses certificates.
    pub fn server_name(&self) -> Option<&str> {
        self.server_name.as_deref()
    }

    /// The peer's certificate and those that vouch for it; nothing if it has shown none.
    pub fn peer_certificates(&self) -> Option<Vec<CertificateDer<'static>>> {
        self.input.transport().state().peer_certificates().map(<[_]>::to_vec)
    }

    /// The version of TLS.
    pub fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.input.transport().state().protocol_version()
    }

    /// The cipher suite.
    pub fn cipher_suite(&self) -> Option<SupportedCipherSuite> {
        self.input.transport().state().negotiated_cipher_suite()
    }
}

impl<S: ByteStream<Control: Clone>> ByteStream for TlsStream<S> {
    type Transport = Tls<S::Transport>;
    type Control = S::Control;

    fn split(self) -> (InputStream<Self::Transport>, OutputStream<Self::Transport>) {
        TlsStream::split(self)
    }

    fn control(&self) -> S::Control {
        TlsStream::control(self)
    }
}

#[cfg(feature = "__polled")]
impl<S: ByteStream> PolledRead for TlsStream<S> {
    fn poll_into(
        &mut self,
        context: &mut Context<'_>,
        room: &mut [MaybeUninit<u8>],
    ) -> Poll<io::Result<usize>> {
        InputStream::poll_into(&mut self.input, room, context)
    }
}

#[cfg(feature = "__polled")]
impl<S: ByteStream> Written for TlsStream<S> {
    type Transport = Tls<S::Transport>;

    fn written(&self) -> &Tls<S::Transport> {
        self.output.transport()
    }
}

impl<S: ByteStream> fmt::Debug for TlsStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("TlsStream");
        debug.field("version", &self.protocol_version()).field("server_name", &self.server_name);
        debug.finish_non_exhaustive()
    }
}
