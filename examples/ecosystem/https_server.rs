//! An HTTPS server on every shard, by hyper: HTTP/1.1 and HTTP/2, as the client likes.

use std::convert::Infallible;
use std::io;
use std::path::PathBuf;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use seastar::clap;
use seastar::compat::hyper::{TlsListener, serve};
use seastar::net::listen;
use seastar::tls::{Certificate, ServerOptions, TlsAcceptor};

#[derive(clap::Args)]
struct Args {
    /// Port to listen on; 0 lets the system choose
    #[arg(long, default_value_t = 8443)]
    port: u16,
    /// File with the certificate chain, in the form PEM
    #[arg(long)]
    chain: PathBuf,
    /// File with the private key, in the form PEM
    #[arg(long)]
    key: PathBuf,
}

// ANCHOR: main
/// Answers HTTPS on every shard.
#[seastar::main]
async fn main(args: Args) -> io::Result<()> {
    let certificate = Certificate::from_pem_files(&args.chain, &args.key)?;
    let acceptor = TlsAcceptor::new([certificate], ServerOptions::new().alpn(["h2", "http/1.1"]))?;
    let listener = listen(args.port)?;
    let port = listener.local_address().port();
    println!("Listening on port {port} for HTTPS. Try: curl --cacert CA https://localhost:{port}/");
    serve(TlsListener::new(listener, acceptor), answer).await
}
// ANCHOR_END: main

// ANCHOR: answer
async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let text = format!("{} over {:?}: Seastar is the future!\n", request.uri().path(), request.version());
    Ok(Response::new(Full::from(text)))
}
// ANCHOR_END: answer
