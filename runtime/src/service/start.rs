//! Starting a service, and undoing that.

use std::fmt;
use std::future::pending;
use std::panic::{Location, resume_unwind};
use std::pin::pin;

use super::instance::Local;
use super::registry::LEADER;
use super::stop::{self, stop_at_end};
use super::{Service, Sharded, table};
use crate::smp::{self, CallFailure, Fan, Targets};
use crate::task;

/// What the function that makes an instance may return: the service, or a `Result` of it. [`Sharded::start`] shows both.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a service, and no `Result` of one",
    label = "this should be made on every shard",
    note = "return a type that implements `seastar::Service`, or `Result<S, E>` of one with an error that may leave its shard (no `Rc`, no borrowed data)"
)]
pub trait Startup: Sized + 'static {
    /// The type of the instances.
    type Service: Service;
    /// Why there is none.
    type Failure: Send + 'static;
    /// What starting returns: a handle, or a `Result` of one.
    type Started;

    #[doc(hidden)]
    fn into_result(self) -> Result<Self::Service, Self::Failure>;
    #[doc(hidden)]
    fn started(result: Result<Sharded<Self::Service>, Self::Failure>) -> Self::Started;
}

#[diagnostic::do_not_recommend]
impl<S: Service> Startup for S {
    type Service = S;
    type Failure = std::convert::Infallible;
    type Started = Sharded<S>;

    fn into_result(self) -> Result<S, Self::Failure> {
        Ok(self)
    }

    fn started(result: Result<Sharded<S>, Self::Failure>) -> Sharded<S> {
        match result {
            Ok(service) => service,
            Err(never) => match never {},
        }
    }
}

#[diagnostic::do_not_recommend]
impl<S: Service, E: Send + 'static> Startup for Result<S, E> {
    type Service = S;
    type Failure = E;
    type Started = Result<Sharded<S>, E>;

    fn into_result(self) -> Result<S, E> {
        self
    }

    fn started(result: Result<Sharded<S>, E>) -> Result<Sharded<S>, E> {
        result
    }
}

/// Starts a service from whatever shard.
pub(super) async fn start<S, F, M>(
    only: Option<usize>,
    make: F,
    called_at: &'static Location<'static>,
) -> M::Started
where
    S: Service,
    F: AsyncFnOnce(Sharded<S>) -> M + Clone + Send + 'static,
    M: Startup<Service = S>,
{
    let started = smp::submit_at(LEADER, called_at, move || lead(only, make, called_at)).await;
    M::started(started.map(Fresh::keep))
}

/// Starts a service, on the shard that leads.
async fn lead<S, F, M>(
    only: Option<usize>,
    make: F,
    called_at: &'static Location<'static>,
) -> Result<Fresh<S>, M::Failure>
where
    S: Service,
    F: AsyncFnOnce(Sharded<S>) -> M + Clone + Send + 'static,
    M: Startup<Service = S>,
{
    let added = table::with_registry(|registry| registry.add(only, called_at, stop_at_end::<S>));
    let (word, starting) = added.expect("the leader is a shard");
    let service = Sharded::new(word);
    // A fiber of its own, so that it is finished or undone whoever waits for it.
    let fiber = async move {
        let made = make_all(service, make, called_at).await;
        drop(starting);
        if made.is_ok() {
            return Started(Ok(Fresh { service: Some(service) }));
        }
        stop::undo(service, called_at).await;
        Started(made.map(|()| unreachable!("it was undone")))
    };
    let fiber = task::spawn_at(fiber, called_at).unwrap_or_else(|busy| {
        table::with_registry(|registry| registry.remove(word));
        panic!("cannot start {}: {busy}", std::any::type_name::<S>());
    });
    match fiber.await {
        Ok(Started(Ok(fresh))) => Ok(fresh),
        Ok(Started(Err(NotStarted::Failed(failure)))) => Err(failure),
        Ok(Started(Err(NotStarted::Call(shard, failure)))) => failure.go_on(shard),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // This shard ends.
            Err(_) => pending().await,
        },
    }
}

/// Why a service was not started.
enum NotStarted<E> {
    Failed(E),
    Call(usize, CallFailure),
}

/// What the fiber comes to, which has to be printable, and is not what users' errors have to be.
struct Started<S: Service, E>(Result<Fresh<S>, NotStarted<E>>);

impl<S: Service, E> fmt::Debug for Started<S, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Started")
    }
}

/// A service of which nobody has the handle yet: stopped when dropped.
struct Fresh<S: Service> {
    service: Option<Sharded<S>>,
}

impl<S: Service> Fresh<S> {
    fn keep(mut self) -> Sharded<S> {
        self.service.take().expect("kept once")
    }
}

impl<S: Service> Drop for Fresh<S> {
    fn drop(&mut self) {
        if let Some(service) = self.service {
            // Where there is no memory for the fiber, or no shard any more, it is stopped when the program ends.
            let _ = task::spawn_detached(service.stop(), Location::caller());
        }
    }
}

/// Makes all instances; the failure of the lowest shard if one fails.
async fn make_all<S, F, M>(
    service: Sharded<S>,
    make: F,
    called_at: &'static Location<'static>,
) -> Result<(), NotStarted<M::Failure>>
where
    S: Service,
    F: AsyncFnOnce(Sharded<S>) -> M + Clone + Send + 'static,
    M: Startup<Service = S>,
{
    let targets = Targets::range(service.shards());
    let mut fan = pin!(Fan::new(targets, called_at, move || make_one(service, make)));
    let mut result = Ok(());
    while let Some((shard, answer)) = fan.next().await {
        let made = match answer {
            Ok(made) => made.map_err(NotStarted::Failed),
            Err(failure) => Err(NotStarted::Call(shard, failure)),
        };
        result = result.and(made);
    }
    result
}

/// Makes the instance of this shard.
async fn make_one<S, F, M>(service: Sharded<S>, make: F) -> Result<(), M::Failure>
where
    S: Service,
    F: AsyncFnOnce(Sharded<S>) -> M + Clone + Send + 'static,
    M: Startup<Service = S>,
{
    let instance = make(service).await.into_result()?;
    let Some(instance) = Local::new(instance) else {
        let name = std::any::type_name::<S>();
        panic!("cannot start {name}: the memory budget of this shard is used up (see --memory)");
    };
    table::insert(service, instance);
    Ok(())
}
