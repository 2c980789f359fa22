//! The first server of a project of one's own.

// ANCHOR: all
use std::io;

use seastar::clap;
use seastar::net::{TcpStream, listen};

#[derive(clap::Args)]
struct Args {
    /// Port to listen on
    #[arg(long, default_value_t = 7777)]
    port: u16,
}

/// Greets everybody who connects.
#[seastar::main]
async fn main(args: Args) -> io::Result<()> {
    listen(args.port)?.serve(greet).await
}

async fn greet(stream: TcpStream) -> io::Result<()> {
    let peer = stream.peer_address()?;
    let (_input, mut output) = stream.split();
    output.write(format!("Hello {peer}, this is shard {}\n", seastar::this_shard())).await?;
    output.close().await
}
// ANCHOR_END: all
