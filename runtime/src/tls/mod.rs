//! TLS over any stream, by [rustls], with the feature `tls`.
//!
//! A [`TlsAcceptor`] makes a server's side of a stream, a [`TlsConnector`] a client's; what comes of it is a [`TlsStream`], whose two
//! directions are the same [`InputStream`](crate::net::InputStream) and [`OutputStream`](crate::net::OutputStream) as those of TCP, so what is
//! written for [`ByteStream`](crate::net::ByteStream)s or [`Transport`](crate::net::Transport)s works over TLS as it is.
//!
//! ```
//! use seastar::net::{ByteStream, connect, listen};
//! use seastar::tls::{Certificate, ClientOptions, Roots, ServerOptions, TlsAcceptor, TlsConnector};
//!
//! async fn echo(stream: impl ByteStream) -> std::io::Result<()> {
//!     let (mut input, mut output) = stream.split();
//!     let bytes = input.read().await?;
//!     output.write_buffer(bytes).await?;
//!     output.close().await
//! }
//!
//! # fn certificate_and_key() -> (String, String) {
//! #     let made = rcgen::generate_simple_self_signed(["localhost".to_string()]).unwrap();
//! #     (made.cert.pem(), made.signing_key.serialize_pem())
//! # }
//! #[seastar::main(shards = 1)]
//! async fn main() -> std::io::Result<()> {
//!     let (chain, key) = certificate_and_key();
//!     let certificate = Certificate::from_pem(&chain, &key)?;
//!     let acceptor = TlsAcceptor::new([certificate], ServerOptions::new())?;
//!     let listener = listen("127.0.0.1:0")?;
//!     let address = listener.local_address();
//!     let server = seastar::spawn(listener.serve(acceptor.before(echo)));
//!
//!     let connector = TlsConnector::new(ClientOptions::new().roots(Roots::from_pem(&chain)?))?;
//!     let stream = connector.connect("localhost", connect(address).await?).await?;
//!     let (mut input, mut output) = stream.split();
//!     output.write(b"hello").await?;
//!     output.flush().await?;
//!     assert_eq!(&*input.read().await?, b"hello");
//!     assert!(input.read().await?.is_empty()); // the end, as the peer has said
//!     server.cancel();
//!     Ok(())
//! }
//! ```
//!
//! # How a stream ends
//!
//! [`close`](crate::net::OutputStream::close) says so to the peer (`close_notify`), which may go on sending. A stream that ends without that may
//! have been cut by anybody: reading it fails with [`UnexpectedEof`](std::io::ErrorKind::UnexpectedEof), after all that has come. So an
//! output that is dropped without `close` looks like a failure to the peer, and what was not flushed may not reach it.
//!
//! # What it costs
//!
//! What is received is decrypted where it lies, and what waits for the rest of its record lies in a block of the shard's arena. rustls itself allocates
//! once for each record in each direction, and several times for each handshake. A connection that only waits
//! holds what rustls keeps of it, and no buffers. A peer that does not read stops the writer
//! after one record more than without TLS.
//!
//! Handshakes keep the shard busy for a fraction of a millisecond each.
//!
//! # Cryptography
//!
//! That of `ring`, unless the program has installed another one for rustls
//! ([`CryptoProvider::install_default`](rustls::crypto::CryptoProvider::install_default)). TLS 1.3 and 1.2.

mod acceptor;
mod certificate;
mod connector;
mod engine;
mod failure;
mod names;
mod roots;
mod session;
mod stream;

pub use rustls;

pub use acceptor::{ServerOptions, TlsAcceptor, TlsStatistics};
pub use certificate::Certificate;
pub use connector::{ClientOptions, TlsConnector};
pub use failure::Failure;
pub use roots::Roots;
pub use session::Tls;
pub use stream::TlsStream;
