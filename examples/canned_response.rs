//! Gives every client the same answer, one client after the other.

use std::io::{self, ErrorKind};

use seastar::clap;
use seastar::net::{TcpStream, listen};

#[derive(clap::Args)]
struct Args {
    /// Port to listen on; 0 lets the system choose
    #[arg(long, default_value_t = 1234)]
    port: u16,
}

// ANCHOR: main
/// Gives every client the same answer.
#[seastar::main]
async fn main(args: Args) -> io::Result<()> {
    let listener = listen(args.port)?;
    println!("Listening on port {}", listener.local_address().port());
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _peer)) => stream,
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => return Ok(()),
            Err(error) => {
                eprintln!("Cannot accept: {error}");
                continue;
            }
        };
        if let Err(error) = respond(stream).await {
            eprintln!("A client got no answer: {error}");
        }
    }
}
// ANCHOR_END: main

// ANCHOR: respond
const CANNED_RESPONSE: &str = "Seastar is the future!\n";

async fn respond(stream: TcpStream) -> io::Result<()> {
    let (_input, mut output) = stream.split();
    output.write(CANNED_RESPONSE).await?;
    output.close().await
}
// ANCHOR_END: respond
