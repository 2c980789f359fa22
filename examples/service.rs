//! The echo server grown up: limited, counting, with work in the background, and stopping in order.

use std::cell::Cell;
use std::convert::Infallible;
use std::io;
use std::time::Duration;

use seastar::net::{TcpStream, listen};
use seastar::sync::Gate;
use seastar::{
    Busy, NotStarted, background, clap, invoke_on_all, shard_count, sleep, stopping, submit_to, when_any,
    with_gate,
};

// ANCHOR: args
#[derive(clap::Args)]
struct Args {
    /// Port to listen on; 0 lets the system choose
    #[arg(long, default_value_t = 7777)]
    port: u16,
    /// Seconds between two reports; 0 for none
    #[arg(long, default_value_t = 10)]
    report: u64,
}
// ANCHOR_END: args

// ANCHOR: state
/// What a shard has done. Nobody else touches it.
#[derive(Clone, Copy, Default)]
struct Done {
    clients: u64,
    bytes: u64,
}

#[seastar::shard_local]
static DONE: Cell<Done> = Cell::new(Done { clients: 0, bytes: 0 });

/// Whoever is at work on this shard is in here.
#[seastar::shard_local]
static WORK: Gate = Gate::new();
// ANCHOR_END: state

// ANCHOR: main
/// Sends back what it gets, and says in the end how much that was.
#[seastar::main]
async fn main(args: Args) -> io::Result<()> {
    let listener = listen(args.port)?;
    println!("Listening on port {}", listener.local_address().port());
    report_every(args.report).map_err(io::Error::other)?;

    // Comes back when the program is told to stop. Connections are not at their end then.
    listener.serve(welcome).await?;

    // Nothing more begins on any shard, and what has begun comes to its end.
    invoke_on_all(async || WORK.close().await).await;
    let Done { clients, bytes } = sum().await;
    println!("{clients} clients were served, {bytes} bytes came back to them");
    Ok(())
}
// ANCHOR_END: main

// ANCHOR: welcome
/// Starts a session if there is a slot for it.
async fn welcome(stream: TcpStream) -> io::Result<()> {
    let session = match session(stream) {
        Ok(session) => session,
        // The connection has been dropped, and so the client knows.
        Err(Busy { .. }) => return Ok(()),
    };
    session.await.map_err(io::Error::other)?
}
// ANCHOR_END: welcome

// ANCHOR: session
/// At most a thousand at a time on each shard.
#[seastar::task(pool = 1000, max_size = 1024)]
async fn session(stream: TcpStream) -> io::Result<()> {
    let served = with_gate!(WORK => {
        let bytes = echo(stream).await?;
        let done = DONE.get();
        DONE.set(Done { clients: done.clients + 1, bytes: done.bytes + bytes });
    });
    served.map_err(io::Error::other)
}

/// Sends back what it gets, and returns how much that was.
async fn echo(stream: TcpStream) -> io::Result<u64> {
    let (mut input, mut output) = stream.split();
    let mut total = 0;
    loop {
        let bytes = input.read().await?;
        if bytes.is_empty() {
            output.close().await?;
            return Ok(total);
        }
        total += bytes.len() as u64;
        output.write_buffer(bytes).await?;
        output.flush().await?;
    }
}
// ANCHOR_END: session

// ANCHOR: sum
/// Asks every shard what it has done.
async fn sum() -> Done {
    let mut sum = Done::default();
    for shard in 0..shard_count() {
        let done = submit_to(shard, async || DONE.get()).await;
        sum = Done { clients: sum.clients + done.clients, bytes: sum.bytes + done.bytes };
    }
    sum
}
// ANCHOR_END: sum

// ANCHOR: report
/// Says now and then how much was done, until the program stops.
fn report_every(seconds: u64) -> Result<(), NotStarted> {
    if seconds == 0 {
        return Ok(());
    }
    background!(gate = WORK, on_error = log => async move {
        loop {
            when_any! {
                _ = stopping() => return Ok::<_, Infallible>(()),
                _ = sleep(Duration::from_secs(seconds)) => {}
            }
            let Done { clients, bytes } = sum().await;
            println!("{clients} clients so far, {bytes} bytes");
        }
    })
}
// ANCHOR_END: report
