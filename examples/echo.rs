//! A server that sends back what it gets (RFC 862), on every shard.

use std::io;

use seastar::clap;
use seastar::net::{TcpStream, listen};

// ANCHOR: args
#[derive(clap::Args)]
struct Args {
    /// Port to listen on; 0 lets the system choose
    #[arg(long, default_value_t = 7777)]
    port: u16,
}
// ANCHOR_END: args

// ANCHOR: main
/// Sends back what it gets, on every shard.
#[seastar::main]
async fn main(args: Args) -> io::Result<()> {
    let listener = listen(args.port)?;
    let (port, shards) = (listener.local_address().port(), seastar::shard_count());
    println!("Listening on port {port} with {shards} shards. Try: nc 127.0.0.1 {port}");
    listener.serve(echo).await
}
// ANCHOR_END: main

// ANCHOR: handler
async fn echo(stream: TcpStream) -> io::Result<()> {
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
