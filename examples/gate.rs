//! A gate lets work in until it is closed, and is closed when the last of it is out.

use std::convert::Infallible;
use std::time::Duration;

use seastar::sync::Gate;
use seastar::{background, sleep, spawn, with_gate};

// ANCHOR: gate
/// Every shard has its own.
#[seastar::shard_local]
static GATE: Gate = Gate::new();

async fn slow(number: u32) -> Result<(), Infallible> {
    println!("starting {number}");
    sleep(Duration::from_millis(250)).await;
    println!("done {number}");
    Ok(())
}
// ANCHOR_END: gate

// ANCHOR: start
/// Starts work until the gate is closed.
async fn start_work() {
    for number in 1.. {
        let started = background!(gate = GATE, on_error = log => slow(number));
        if let Err(closed) = started {
            println!("{closed}, {number} does not start");
            return;
        }
        sleep(Duration::from_millis(100)).await;
    }
}
// ANCHOR_END: start

#[seastar::main]
async fn main() {
    // ANCHOR: close
    let starter = spawn(start_work());
    sleep(Duration::from_millis(450)).await;
    println!("closing");
    GATE.close().await;
    println!("closed, and all work is done");
    starter.await.expect("the loop does not panic");
    // ANCHOR_END: close

    // ANCHOR: late
    let late = with_gate!(GATE => println!("not reached"));
    println!("{}", late.unwrap_err());
    // ANCHOR_END: late
}
