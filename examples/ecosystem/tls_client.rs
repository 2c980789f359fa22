//! A client that speaks TLS: it says hello to a server whose certificate it has checked.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use seastar::net::connect;
use seastar::sync::Limit;
use seastar::tls::{ClientOptions, Roots, TlsConnector};
use seastar::{blocking_ok, clap};

#[derive(clap::Args)]
struct Args {
    /// Port of the server, on this machine
    #[arg(long, default_value_t = 7777)]
    port: u16,
    /// File with the certificates of authorities, in PEM; those of the system unless it is said
    #[arg(long)]
    roots: Option<PathBuf>,
}

/// Says hello over TLS, and prints the answer.
#[seastar::main(shards = 1)]
async fn main(args: Args) -> io::Result<()> {
    // ANCHOR: main
    let options = match args.roots {
        Some(file) => ClientOptions::new().roots(blocking_ok!(Roots::from_pem_file(file)?)),
        None => ClientOptions::new(),
    };
    let connector = blocking_ok!(TlsConnector::new(options)?);

    let limit = Duration::from_secs(5);
    let stream = connect(("127.0.0.1", args.port)).within(limit).await?;
    let stream = connector.connect("localhost", stream).within(limit).await?;
    println!("connected, with {:?}", stream.protocol_version().expect("hands were shaken"));

    let (mut input, mut output) = stream.split();
    output.write("hello\n").await?;
    output.close().await?;
    print!("{}", String::from_utf8_lossy(&input.read_exactly(6).await?));
    // ANCHOR_END: main
    Ok(())
}
