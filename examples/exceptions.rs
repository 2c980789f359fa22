//! Values, failures, and what runs after either.

use std::fmt;

use seastar::future::FutureExt;

#[derive(Debug)]
struct Sunk;

impl fmt::Display for Sunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the ship has sunk")
    }
}

// ANCHOR: functions
async fn pass() -> Result<(), Sunk> {
    println!("I passed!!!");
    Ok(())
}

async fn fail() -> Result<(), Sunk> {
    println!("Oh no! I'm gonna fail!");
    Err(Sunk)
}
// ANCHOR_END: functions

#[seastar::main]
async fn main() {
    // ANCHOR: then
    let skipped = pass().then(async |()| fail().await).then(async |()| {
        println!("I failed, so this does not run.");
        Ok(())
    });
    println!("{:?}", skipped.await);
    // ANCHOR_END: then

    // ANCHOR: wrapped
    let told = fail().then_wrapped(async |result| match result {
        Ok(()) => println!("The input future passed."),
        Err(error) => println!("The input future failed: {error}"),
    });
    told.await;
    // ANCHOR_END: wrapped

    // ANCHOR: finally
    let cleaned = fail().finally(async || println!("This code will run, regardless of any failures"));
    println!("{:?}", cleaned.await);
    // ANCHOR_END: finally

    // ANCHOR: handle
    let handled = fail().handle_error(async |error| {
        println!("Never mind that {error}");
        Ok(())
    });
    println!("{:?}", handled.await);
    // ANCHOR_END: handle
}
