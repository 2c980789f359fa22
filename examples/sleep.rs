//! Waits for a second without keeping the shard from other work.

use std::io::{self, Write};
use std::time::Duration;

// ANCHOR: main
#[seastar::main]
async fn main() -> io::Result<()> {
    print!("Sleeping... ");
    io::stdout().flush()?;
    seastar::sleep(Duration::from_secs(1)).await;
    println!("Done.");
    Ok(())
}
// ANCHOR_END: main
