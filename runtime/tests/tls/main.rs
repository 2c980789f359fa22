//! TLS as programs use it, and as peers misuse it.

#[path = "../support/authority.rs"]
mod authority;
#[path = "../support/child.rs"]
mod child;
#[path = "../support/guard.rs"]
mod guard;
#[path = "../support/random.rs"]
mod random;

mod certificates;
mod closing;
mod handshakes;
mod peers;
mod robust;
mod stopping;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream as Client};
use std::sync::Arc;

use authority::Authority;
use seastar::net::{ByteStream, InputStream, TcpStream, Transport, connect, listen};
use seastar::tls::rustls::pki_types::{CertificateDer, pem::PemObject};
use seastar::tls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use seastar::tls::{ClientOptions, ServerOptions, TlsAcceptor, TlsConnector, TlsStream};

const ANY: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);
/// Where nobody misbehaves, the name of the server.
const NAME: &str = "server.test";

/// An acceptor for [`NAME`], and a connector that trusts it.
fn both(options: ServerOptions) -> (TlsAcceptor, TlsConnector) {
    let authority = Authority::new();
    let acceptor = TlsAcceptor::new([authority.issue(&[NAME])], options).unwrap();
    (acceptor, TlsConnector::new(ClientOptions::new().roots(authority.roots())).unwrap())
}

/// Two ends of one TCP connection, both on this shard.
async fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = listen(ANY).unwrap();
    let client = connect(listener.local_address()).await.unwrap();
    (client, listener.accept().await.unwrap().0)
}

/// What each side says of the handshake.
async fn shake_hands<S: ByteStream>(
    acceptor: &TlsAcceptor,
    connector: &TlsConnector,
    name: &str,
    (client, server): (S, S),
) -> (io::Result<TlsStream<S>>, io::Result<TlsStream<S>>) {
    let server = seastar::spawn(wrapped(acceptor.accept(server)));
    let client = connector.connect(name, client).await;
    (client, server.await.unwrap().0.take().unwrap())
}

/// A client and a server that have shaken hands.
async fn pair() -> (TlsStream<TcpStream>, TlsStream<TcpStream>) {
    let (acceptor, connector) = both(ServerOptions::new());
    let (client, server) = shake_hands(&acceptor, &connector, NAME, tcp_pair().await).await;
    (client.unwrap(), server.unwrap())
}

/// A result that fibers may return.
struct Wrapped<T>(Option<T>);

impl<T> std::fmt::Debug for Wrapped<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wrapped")
    }
}

async fn wrapped<F: Future>(future: F) -> Wrapped<F::Output> {
    Wrapped(Some(future.await))
}

async fn echo(stream: impl ByteStream) -> io::Result<()> {
    let (mut input, mut output) = stream.split();
    loop {
        let bytes = input.read().await?;
        if bytes.is_empty() {
            return output.close().await;
        }
        output.write_buffer(bytes).await?;
        output.flush().await?;
    }
}

/// Everything up to the end of the stream.
async fn read_to_end<T: Transport>(input: &mut InputStream<T>) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    loop {
        let bytes = input.read().await?;
        if bytes.is_empty() {
            return Ok(all);
        }
        all.extend_from_slice(&bytes);
    }
}

/// What rustls needs for a client of std.
fn std_config(authority: &Authority) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(seastar::tls::rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_root_certificates(roots).with_no_client_auth())
}

type StdClient = StreamOwned<ClientConnection, Client>;

/// A client of std, on a thread of its own. The handshake comes with the first bytes.
fn std_client(config: &Arc<ClientConfig>, address: SocketAddr) -> StdClient {
    let connection = ClientConnection::new(config.clone(), NAME.try_into().unwrap()).unwrap();
    let client = Client::connect(address).unwrap();
    client.set_nodelay(true).unwrap();
    StreamOwned::new(connection, client)
}
