//! Reads its configuration anew on SIGHUP, on all shards, and goes on.

use std::cell::RefCell;
use std::io;
use std::path::PathBuf;

use seastar::signal::{self, Signal};
use seastar::{clap, invoke_on_all, is_stopping, shard_local, unblock};

#[derive(clap::Args)]
struct Args {
    /// File with the greeting
    file: PathBuf,
}

// ANCHOR: reload
/// What every shard knows of the file.
#[shard_local]
static GREETING: RefCell<String> = RefCell::new(String::new());

/// Reads the file on a helper thread, and tells every shard.
async fn load(file: PathBuf) -> io::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "it runs on a thread that may block")]
    let text = unblock(|| std::fs::read_to_string(file)).await??;
    let greeting = text.trim().to_owned();
    if greeting.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "there is no greeting in the file"));
    }
    invoke_on_all(async move || *GREETING.borrow_mut() = greeting.clone()).await;
    println!("the greeting is: {}", GREETING.borrow());
    Ok(())
}

#[seastar::main]
async fn main(args: Args) -> io::Result<()> {
    let mut hangups = signal::listen(Signal::HUP)?;
    load(args.file.clone()).await?;
    while hangups.recv().await.is_some() {
        // A mistake in the file must not end a server that works.
        if let Err(error) = load(args.file.clone()).await {
            println!("the greeting stays: {error}");
        }
    }
    println!("stopped in order: {}", is_stopping());
    Ok(())
}
// ANCHOR_END: reload
