//! A server that sends back what it gets, to users of its machine, over a Unix domain socket.

use std::io;
use std::path::PathBuf;

use seastar::clap;
use seastar::net::{ListenOptions, UnixStream, listen_unix_with};

#[derive(clap::Args)]
struct Args {
    /// Where to listen
    #[arg(long, default_value = "/tmp/echo.socket")]
    path: PathBuf,
}

// ANCHOR: main
/// Sends back what it gets, over a Unix domain socket.
#[seastar::main]
async fn main(args: Args) -> io::Result<()> {
    let options = ListenOptions::new().mode(0o600);
    let listener = listen_unix_with(&args.path, options)?;
    let (path, shards) = (listener.local_address(), seastar::shard_count());
    println!("Listening on {path} with {shards} shards. Try: nc -U {path}");
    listener.serve(echo).await
}
// ANCHOR_END: main

// ANCHOR: handler
async fn echo(stream: UnixStream) -> io::Result<()> {
    let user = stream.peer_credentials()?.uid;
    let (mut input, mut output) = stream.split();
    output.write(format!("Hello, user {user}\n")).await?;
    output.flush().await?;
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
