//! TLS servers by rustls, with the same configuration on both runtimes.
//!
//! A client asks with eight bytes for as many bytes as they say, again and again.

use super::Server;
use crate::affinity::SERVER_CPU;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::NoServerSessionStorage;
use seastar::net::ByteStream;
use seastar::tls::TlsAcceptor;
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub const SERVERS: &[Server] = &[
    Server { name: "seastar", serve: |_| serve_on_seastar() },
    Server { name: "tokio", serve: |_| serve_on_tokio() },
];

/// Bytes of one write.
const WRITE_BYTES: usize = 64 << 10;

/// TLS 1.3 by `ring`, a certificate made now, and no session is taken up again.
fn config() -> io::Result<Arc<ServerConfig>> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).map_err(io::Error::other)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .and_then(|config| config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key))
        .map_err(io::Error::other)?;
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(Arc::new(config))
}

fn serve_on_seastar() -> io::Result<()> {
    let acceptor = TlsAcceptor::from_config(config()?);
    let options = seastar::Options::new().shards(1).cpuset(SERVER_CPU.to_string());
    seastar::run(options, async move || {
        let listener = seastar::net::listen("127.0.0.1:0")?;
        super::announce(listener.local_address().port())?;
        listener.serve(acceptor.before(async |stream| answer_on_seastar(stream).await)).await
    })
    .map_err(io::Error::other)?
}

async fn answer_on_seastar(stream: impl ByteStream) -> io::Result<()> {
    let bytes = [b'x'; WRITE_BYTES];
    let (mut input, mut output) = stream.split();
    loop {
        let request = input.read_exactly(8).await?;
        let Ok(request) = <[u8; 8]>::try_from(&*request) else { return output.close().await };
        let mut left = u64::from_le_bytes(request) as usize;
        while left > 0 {
            let count = left.min(WRITE_BYTES);
            output.write(&bytes[..count]).await?;
            left -= count;
        }
        output.flush().await?;
    }
}

fn serve_on_tokio() -> io::Result<()> {
    let acceptor = tokio_rustls::TlsAcceptor::from(config()?);
    super::tokio::on_current_thread(move |stream| answer_on_tokio(acceptor.clone(), stream))
}

async fn answer_on_tokio(acceptor: tokio_rustls::TlsAcceptor, stream: TcpStream) -> io::Result<()> {
    let bytes = [b'x'; WRITE_BYTES];
    let mut stream = acceptor.accept(stream).await?;
    while let Ok(request) = stream.read_u64_le().await {
        let mut left = request as usize;
        while left > 0 {
            let count = left.min(WRITE_BYTES);
            stream.write_all(&bytes[..count]).await?;
            left -= count;
        }
        stream.flush().await?;
    }
    stream.shutdown().await
}
