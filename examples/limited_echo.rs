//! The echo server with limits: so many clients at a time on each shard, and each for so long without a word.

use std::io;
use std::time::Duration;

use seastar::net::{InputStream, OutputStream, TcpStream, listen};
use seastar::sync::Semaphore;
use seastar::{clap, timeout, with_semaphore};

// ANCHOR: args
#[derive(clap::Args)]
struct Args {
    /// Port to listen on; 0 lets the system choose
    #[arg(long, default_value_t = 7777)]
    port: u16,
    /// Seconds after which a silent client is sent away
    #[arg(long, default_value_t = 60)]
    patience: u64,
}
// ANCHOR_END: args

// ANCHOR: main
/// Sends back what it gets, to a hundred clients on each shard.
#[seastar::main]
async fn main(args: Args) -> io::Result<()> {
    let listener = listen(args.port)?;
    println!("Listening on port {}", listener.local_address().port());
    let patience = Duration::from_secs(args.patience);
    listener.serve(async move |stream| admit(stream, patience).await).await
}
// ANCHOR_END: main

// ANCHOR: admit
#[seastar::shard_local]
static PLACES: Semaphore<100> = Semaphore::new().named("places");

/// How long a client may wait for a place.
const WAIT: Duration = Duration::from_millis(100);

async fn admit(stream: TcpStream, patience: Duration) -> io::Result<()> {
    let (input, mut output) = stream.split();
    let served = with_semaphore!(PLACES, 1, timeout = WAIT => return echo(input, output, patience).await);
    let Err(full) = served;
    output.write(format!("Come back later: {full}\n")).await?;
    output.close().await
}
// ANCHOR_END: admit

// ANCHOR: echo
async fn echo(mut input: InputStream, mut output: OutputStream, patience: Duration) -> io::Result<()> {
    loop {
        let Ok(bytes) = timeout(patience, input.read()).await else {
            output.write("You are so quiet. Goodbye!\n").await?;
            return output.close().await;
        };
        let bytes = bytes?;
        if bytes.is_empty() {
            return output.close().await;
        }
        output.write_buffer(bytes).await?;
        output.flush().await?;
    }
}
// ANCHOR_END: echo
