//! Sleeps three times at once: fibers wait side by side, so the whole takes as long as the longest.

use std::io::{self, Write};
use std::time::Duration;

use seastar::{JoinError, sleep, spawn};

// ANCHOR: main
#[seastar::main]
async fn main() -> Result<(), JoinError> {
    say("Sleeping... ");
    let slower = spawn(say_later(Duration::from_millis(200), "200ms "));
    let faster = spawn(say_later(Duration::from_millis(100), "100ms "));
    sleep(Duration::from_secs(1)).await;
    say("Done.\n");

    slower.await?;
    faster.await
}

async fn say_later(delay: Duration, text: &str) {
    sleep(delay).await;
    say(text);
}
// ANCHOR_END: main

/// Prints at once, also without a line's end.
fn say(text: &str) {
    print!("{text}");
    io::stdout().flush().expect("stdout is open");
}
