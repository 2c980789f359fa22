//! A server that sends datagrams back (RFC 862), with a socket on every shard.

use std::io;

use seastar::clap;
use seastar::net::UdpSocket;

#[derive(clap::Args)]
struct Args {
    /// Port to receive on; 0 lets the system choose
    #[arg(long, default_value_t = 7777)]
    port: u16,
}

// ANCHOR: main
/// Sends datagrams back, on every shard.
#[seastar::main]
async fn main(args: Args) -> io::Result<()> {
    let socket = UdpSocket::bind(args.port)?;
    let (port, shards) = (socket.local_address()?.port(), seastar::shard_count());
    println!("Listening on port {port} with {shards} shards. Try: nc -u 127.0.0.1 {port}");
    socket.serve(echo).await
}
// ANCHOR_END: main

// ANCHOR: handler
async fn echo(socket: UdpSocket) -> io::Result<()> {
    loop {
        let datagram = socket.recv_from().await?;
        if datagram.is_truncated() {
            continue;
        }
        if let Err(error) = socket.send_to(&datagram, datagram.source()).await {
            println!("{error}");
        }
    }
}
// ANCHOR_END: handler
