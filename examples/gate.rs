//! A gate lets work in until it is closed, and is closed when the last of it is out.

use std::rc::Rc;
use std::time::Duration;

use seastar::sync::Gate;
use seastar::{sleep, spawn, with_gate};

// ANCHOR: all
async fn slow(number: u32) {
    println!("starting {number}");
    sleep(Duration::from_millis(250)).await;
    println!("done {number}");
}

#[seastar::main]
async fn main() {
    let gate = Rc::new(Gate::new());
    let starter = gate.clone();
    let loop_of_work = spawn(async move {
        for number in 1.. {
            let gate = starter.clone();
            // Before the fiber starts: whether the gate is closed is known here.
            let Ok(holder) = gate.hold_owned() else {
                println!("the gate is closed, {number} does not start");
                return;
            };
            spawn(async move {
                slow(number).await;
                drop(holder);
            })
            .detach();
            sleep(Duration::from_millis(100)).await;
        }
    });

    sleep(Duration::from_millis(450)).await;
    println!("closing");
    gate.close().await;
    println!("closed, and all work is done");
    loop_of_work.await.expect("the loop does not panic");

    let late = with_gate!(gate => slow(0).await);
    println!("{}", late.unwrap_err());
}
// ANCHOR_END: all
