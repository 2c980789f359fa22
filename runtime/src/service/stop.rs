//! Stopping services: one by one, and all when the program ends.

use std::any::Any;
use std::future::pending;
use std::panic::{Location, resume_unwind};
use std::pin::{Pin, pin};
use std::time::Duration;

use super::call::{self, Failures, ServiceCall};
use super::registry::{LEADER, Stop};
use super::word::Word;
use super::{Service, Sharded, table};
use crate::smp::{CallFailure, Fan, Merge, Targets};
use crate::sync::{Gate, OwnedGateHolder};
use crate::task::{self, JoinHandle};
use crate::time::sleep;

/// How long a stop waits for memory before it looks again.
const MEMORY_PAUSE: Duration = Duration::from_millis(10);

/// Stops a service from whatever shard.
pub(super) async fn stop<S: Service>(
    service: Sharded<S>,
    called_at: &'static Location<'static>,
) -> S::Stopped {
    let stopped = ask(LEADER, called_at, move || lead(service, called_at)).await;
    let stopped = stopped.map_err(|failure| failure.into_panic(LEADER)).flatten();
    stopped.unwrap_or_else(|panic| resume_unwind(panic))
}

/// Stops a service, on the shard that leads. `Err` is a panic.
async fn lead<S: Service>(
    service: Sharded<S>,
    called_at: &'static Location<'static>,
) -> Result<S::Stopped, Box<dyn Any + Send>> {
    let fiber = match begin(service, called_at).await {
        Begun::Here(fiber) => fiber,
        Begun::Elsewhere(gate) => {
            gate.close().await;
            return Ok(S::Stopped::ok());
        }
        Begun::Ended => return Ok(S::Stopped::ok()),
    };
    match fiber.await {
        Ok(stopped) => Ok(stopped),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => Err(panic),
            // This shard ends.
            Err(_) => pending().await,
        },
    }
}

/// Stops what was started in part.
pub(super) async fn undo<S: Service>(service: Sharded<S>, called_at: &'static Location<'static>) {
    match lead(service, called_at).await {
        Ok(stopped) if !Merge::is_failure(&stopped) => {}
        Ok(stopped) => {
            let name = std::any::type_name::<S>();
            say!(Warn, "Stopping {name}, which had not started on all shards, failed: {stopped:?}");
        }
        // It is logged where it happened, and what kept the service from starting is what counts.
        Err(_) => {}
    }
}

/// Who stops a service.
enum Begun<T> {
    /// This fiber, just started.
    Here(JoinHandle<T>),
    /// Somebody, who is inside this gate.
    Elsewhere(std::rc::Rc<Gate>),
    /// Nobody any more.
    Ended,
}

/// Begins to stop a service, unless somebody else has. A fiber of its own does it, whoever waits for it; where there is no memory
/// for that, it is waited for, and nobody has begun.
async fn begin<S: Service>(service: Sharded<S>, called_at: &'static Location<'static>) -> Begun<S::Stopped> {
    let word = service.word;
    loop {
        match table::with_registry(|registry| registry.stop(word)) {
            None | Some(Stop::Nothing) => return Begun::Ended,
            Some(Stop::Wait(gate)) => return Begun::Elsewhere(gate),
            Some(Stop::Do(starting, holder)) => {
                let fiber = async move {
                    let ending = Ending { word, _holder: holder };
                    starting.close().await;
                    let result = in_two_phases(service, called_at).await;
                    drop(ending);
                    result.unwrap_or_else(|panic| resume_unwind(panic))
                };
                if let Ok(fiber) = task::spawn_at(fiber, called_at) {
                    return Begun::Here(fiber);
                }
            }
        }
        table::with_registry(|registry| registry.stop_later(word));
        sleep(MEMORY_PAUSE).await;
    }
}

/// Takes a service off the list, also when stopping it panics, and then lets those go on who wait for that.
struct Ending {
    word: Word,
    _holder: OwnedGateHolder,
}

impl Drop for Ending {
    fn drop(&mut self) {
        table::with_registry(|registry| registry.remove(self.word));
    }
}

/// [`Service::stop`] on all shards, then the end of all instances.
async fn in_two_phases<S: Service>(
    service: Sharded<S>,
    called_at: &'static Location<'static>,
) -> Result<S::Stopped, Box<dyn Any + Send>> {
    let mut stopped = S::Stopped::ok();
    let mut failures = Failures::default();
    for (shard, answer) in on_all(service, called_at, move || call::visit(service, StopCall)).await {
        match answer {
            Ok(Ok(output)) if Merge::is_failure(&output) && !Merge::is_failure(&stopped) => stopped = output,
            // Where there is no instance, nothing has to stop.
            Ok(_) => {}
            Err(failure) => failures.add(shard, failure),
        }
    }
    let word = service.word;
    for (shard, answer) in on_all(service, called_at, move || end_instance(word)).await {
        if let Err(failure) = answer {
            failures.add(shard, failure);
        }
    }
    failures.into_panic().map_or(Ok(stopped), Err)
}

/// Calls all shards of a service, and those that have no memory for it again until they do: there is no other way to stop.
async fn on_all<S, F, R>(
    service: Sharded<S>,
    called_at: &'static Location<'static>,
    call: F,
) -> Vec<(usize, Result<R::Output, CallFailure>)>
where
    S: Service,
    F: FnOnce() -> R + Clone + Send + 'static,
    R: Future<Output: Send + 'static> + 'static,
{
    let mut answers = Vec::with_capacity(service.shards().len());
    let mut fan = pin!(Fan::new(Targets::range(service.shards()), called_at, call.clone()));
    while let Some(answer) = fan.next().await {
        answers.push(answer);
    }
    for (shard, answer) in &mut answers {
        if is_refused(answer) {
            sleep(MEMORY_PAUSE).await;
            *answer = ask(*shard, called_at, call.clone()).await;
        }
    }
    answers
}

/// Calls a shard, again until there is memory for the call.
async fn ask<F, R>(
    shard: usize,
    called_at: &'static Location<'static>,
    call: F,
) -> Result<R::Output, CallFailure>
where
    F: FnOnce() -> R + Clone + Send + 'static,
    R: Future<Output: Send + 'static> + 'static,
{
    loop {
        let mut fan = pin!(Fan::new(Targets::range(shard..shard + 1), called_at, call.clone()));
        match fan.next().await {
            Some((_, answer)) if !is_refused(&answer) => return answer,
            _ => sleep(MEMORY_PAUSE).await,
        }
    }
}

/// Whether there was no memory for a call.
fn is_refused<T>(answer: &Result<T, CallFailure>) -> bool {
    matches!(answer, Err(CallFailure::NoMemoryHere | CallFailure::NoMemoryThere))
}

/// [`Service::stop`] as a call.
#[derive(Clone)]
struct StopCall;

impl<S: Service> ServiceCall<S> for StopCall {
    type Output = S::Stopped;

    fn call(self, service: &S) -> impl Future<Output = S::Stopped> {
        service.stop()
    }
}

/// Lets no more calls begin on this shard, waits for those that run, and drops the instance.
async fn end_instance(word: Word) {
    if let Some(instance) = table::remove(word) {
        instance.alone().await;
    }
}

/// Stops a service because the program ends; a failure is one that nobody reads (FUT-9).
pub(super) fn stop_at_end<S: Service>(
    word: Word,
    started_at: &'static Location<'static>,
) -> Pin<Box<dyn Future<Output = ()>>> {
    Box::pin(async move {
        let service = Sharded::<S>::new(word);
        if let Begun::Here(fiber) = begin(service, started_at).await {
            fiber.detach();
        }
        if let Begun::Elsewhere(gate) = begin(service, started_at).await {
            gate.close().await;
        }
    })
}

/// Stops all services, those that were started last first. Called on the shard that leads; `None` without memory for the fiber.
pub(crate) fn stop_services() -> Option<JoinHandle<()>> {
    let fiber = async {
        while let Some((word, started_at, stop)) = table::with_registry(|registry| registry.last()).flatten()
        {
            stop(word, started_at).await;
        }
    };
    task::spawn_at(fiber, Location::caller()).ok()
}
