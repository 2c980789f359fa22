//! A service that is stopped while calls are in progress: they come to their end, and later ones are refused.

use std::cell::Cell;
use std::time::Duration;

use seastar::sync::{Gate, GateClosed};
use seastar::{NotRunning, sleep, with_gate, yield_now};

// ANCHOR: service
struct Printer {
    gate: Gate,
    pages: Cell<u32>,
}

#[seastar::sharded]
impl Printer {
    async fn start() -> Self {
        Printer { gate: Gate::new().named("printer"), pages: Cell::new(0) }
    }

    #[route(page)]
    async fn print(&self, page: u32) -> Result<(), GateClosed> {
        with_gate!(self.gate => {
            sleep(Duration::from_millis(50)).await;
            self.pages.set(self.pages.get() + 1);
        })
    }

    #[broadcast(reduce = |sum, next| sum + next)]
    fn pages(&self) -> u32 {
        self.pages.get()
    }

    /// From now on nothing is begun; what was begun is waited for.
    async fn stop(&self) {
        self.gate.close().await;
    }
}
// ANCHOR_END: service

// ANCHOR: main
#[seastar::main]
async fn main() -> Result<(), NotRunning> {
    let printer = Printer::start_sharded().await;
    let jobs: Vec<_> = (0..10).map(|page| seastar::spawn(printer.print(page))).collect();
    yield_now().await; // all begin

    let stopping = seastar::spawn(printer.stop());
    let mut printed = 0;
    for job in jobs {
        if let Ok(Ok(Ok(()))) = job.await {
            printed += 1;
        }
    }
    println!("{printed} pages were printed");
    stopping.await.expect("stopping cannot fail");
    println!("{}", printer.print(11).await.unwrap_err());
    println!("{}", printer.pages().await.unwrap_err());
    Ok(())
}
// ANCHOR_END: main
