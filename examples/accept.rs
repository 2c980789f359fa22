//! Accepts connections one by one, says from whom, and closes them.

use std::io::{self, ErrorKind};

use seastar::clap;

#[derive(clap::Args)]
struct Args {
    /// Port to listen on; 0 lets the system choose
    #[arg(long, default_value_t = 1234)]
    port: u16,
}

// ANCHOR: main
/// Says who connects, and closes the connection.
#[seastar::main]
async fn main(args: Args) -> io::Result<()> {
    let listener = seastar::net::listen(args.port)?;
    println!("Listening on port {}", listener.local_address().port());
    loop {
        match listener.accept().await {
            Ok((_stream, peer)) => println!("Accepted connection from {peer}"),
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => return Ok(()),
            Err(error) => eprintln!("Cannot accept: {error}"),
        }
    }
}
// ANCHOR_END: main
