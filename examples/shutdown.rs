//! A service that is told to stop, and has stopped when all that it began is over.

use std::rc::Rc;
use std::time::Duration;

use seastar::sync::{AbortSource, Gate, GateClosed};
use seastar::time::sleep_abortable;
use seastar::{NotStarted, background, sleep, with_gate, yield_now};

// ANCHOR: service
/// Answers questions, and has something to do in the background.
struct Service {
    gate: Rc<Gate>,
    stop: Rc<AbortSource>,
}

impl Service {
    fn start() -> Result<Service, NotStarted> {
        let service = Service { gate: Rc::new(Gate::new().named("service")), stop: Rc::default() };
        let stop = service.stop.clone();
        background!(gate = service.gate, on_error = log => async move {
            while sleep_abortable(Duration::from_secs(3600), &stop).await.is_ok() {
                println!("tidied up, as every hour");
            }
            println!("the background work ends");
        })?;
        Ok(service)
    }

    // ANCHOR: answer
    async fn answer(&self, question: u32) -> Result<u32, GateClosed> {
        with_gate!(self.gate => {
            sleep(Duration::from_millis(50)).await;
            question + 1
        })
    }
    // ANCHOR_END: answer

    /// Comes back when nothing of the service runs any more.
    async fn stop(&self) {
        let closed = self.gate.close();
        self.stop.abort();
        closed.await;
    }
}
// ANCHOR_END: service

#[seastar::main]
async fn main() -> Result<(), NotStarted> {
    // ANCHOR: main
    let service = Rc::new(Service::start()?);
    let client = service.clone();
    background!(gate = none, on_error = log => async move {
        println!("answered {}", client.answer(41).await?);
        Ok::<_, GateClosed>(())
    })?;

    yield_now().await; // both begin
    service.stop().await;
    println!("{}", service.answer(1).await.unwrap_err());
    // ANCHOR_END: main
    Ok(())
}
