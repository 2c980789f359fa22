//! The echo server over TLS, with a certificate and its key from files.

use std::io;
use std::path::PathBuf;

use seastar::net::{ByteStream, listen};
use seastar::tls::{Certificate, ServerOptions, TlsAcceptor};
use seastar::{blocking_ok, clap};

#[derive(clap::Args)]
struct Args {
    /// Port to listen on; 0 lets the system choose
    #[arg(long, default_value_t = 7777)]
    port: u16,
    /// File with the certificate, and those that vouch for it, in PEM
    #[arg(long)]
    certificate: PathBuf,
    /// File with the private key of the certificate, in PEM
    #[arg(long)]
    key: PathBuf,
}

// ANCHOR: main
/// Sends back what it gets, over TLS, on every shard.
#[seastar::main]
async fn main(args: Args) -> io::Result<()> {
    // Files are read, but nobody is connected yet.
    let certificate = blocking_ok!(Certificate::from_pem_files(args.certificate, args.key)?);
    let acceptor = TlsAcceptor::new([certificate], ServerOptions::new())?;
    let listener = listen(args.port)?;
    println!("Listening on port {}", listener.local_address().port());
    listener.serve(acceptor.before(echo)).await
}
// ANCHOR_END: main

// ANCHOR: handler
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
// ANCHOR_END: handler
