//! The echo server within limits that the library keeps, asked in the end what it has done.

use std::io;
use std::time::Duration;

use seastar::clap;
use seastar::net::{ServeOptions, ServeStatistics, TcpStream, listen};

#[derive(clap::Args)]
struct Args {
    /// Port to listen on; 0 lets the system choose
    #[arg(long, default_value_t = 7777)]
    port: u16,
    /// Connections that are open on each shard at a time
    #[arg(long, default_value_t = 1000)]
    connections: usize,
    /// Seconds after which a silent client is sent away
    #[arg(long, default_value_t = 60)]
    patience: u64,
}

// ANCHOR: main
/// Sends back what it gets, within limits.
#[seastar::main]
async fn main(args: Args) -> io::Result<()> {
    let listener = listen(args.port)?;
    println!("Listening on port {}", listener.local_address().port());
    let options = ServeOptions::new()
        .connections_per_shard(args.connections)
        .idle_timeout(Duration::from_secs(args.patience));
    let server = listener.serve_with(options, echo).await?;

    seastar::stopping().await;
    let shards = server.statistics().await?;
    server.stop().await;
    let sum = |count: fn(&ServeStatistics) -> u64| shards.iter().map(count).sum::<u64>();
    let (served, refused, idle) = (sum(|n| n.accepted), sum(|n| n.refused), sum(|n| n.idle));
    println!("{served} clients were let in, {refused} were too many, {idle} were silent for too long");
    Ok(())
}
// ANCHOR_END: main

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
