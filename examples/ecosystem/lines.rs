//! Lines, cut by a codec of tokio-util, and sent back in capitals.

use std::io;

use futures::{SinkExt, StreamExt};
use seastar::clap;
use seastar::net::{TcpStream, listen};
use tokio_util::codec::{Framed, LinesCodec, LinesCodecError};

#[derive(clap::Args)]
struct Args {
    /// Port to listen on; 0 lets the system choose
    #[arg(long, default_value_t = 7777)]
    port: u16,
}

/// Sends back the lines that it gets, in capitals, on every shard.
#[seastar::main]
async fn main(args: Args) -> io::Result<()> {
    let listener = listen(args.port)?;
    let port = listener.local_address().port();
    println!("Listening on port {port} for lines. Try: nc 127.0.0.1 {port}");
    listener.serve(shout).await
}

// ANCHOR: handler
async fn shout(stream: TcpStream) -> io::Result<()> {
    let mut lines = Framed::new(stream, LinesCodec::new_with_max_length(1000));
    while let Some(line) = lines.next().await {
        let shouted = line.map_err(failure)?.to_uppercase();
        lines.send(shouted).await.map_err(failure)?;
    }
    Ok(())
}

fn failure(error: LinesCodecError) -> io::Error {
    match error {
        LinesCodecError::Io(error) => error,
        too_long => io::Error::new(io::ErrorKind::InvalidData, too_long),
    }
}
// ANCHOR_END: handler
