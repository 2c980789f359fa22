//! An echo server over websockets, by tokio-tungstenite: what is said comes back.

use std::io;

use futures::{SinkExt, StreamExt};
use seastar::clap;
use seastar::net::{TcpStream, listen};
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Error;

#[derive(clap::Args)]
struct Args {
    /// Port to listen on; 0 lets the system choose
    #[arg(long, default_value_t = 7777)]
    port: u16,
}

/// Sends back what it gets over websockets, on every shard.
#[seastar::main]
async fn main(args: Args) -> io::Result<()> {
    let listener = listen(args.port)?;
    let port = listener.local_address().port();
    println!("Listening on port {port} for websockets, such as new WebSocket('ws://127.0.0.1:{port}')");
    listener.serve(async |stream| echo(stream).await.map_err(failure)).await
}

// ANCHOR: echo
async fn echo(stream: TcpStream) -> Result<(), Error> {
    let mut socket = accept_async(stream).await?;
    while let Some(message) = socket.next().await {
        let message = message?;
        if message.is_text() || message.is_binary() {
            socket.send(message).await?;
        }
    }
    Ok(())
}
// ANCHOR_END: echo

/// As `serve` knows failures: that a client has gone is none.
fn failure(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        Error::ConnectionClosed | Error::Protocol(_) => {
            io::Error::new(io::ErrorKind::ConnectionAborted, error)
        }
        other => io::Error::other(other),
    }
}
