//! Calls to the instances of a service.

use std::any::Any;
use std::marker::PhantomData;
use std::ops::Range;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use super::instance::Local;
use super::{Call, NotRunning, Service, Sharded, table};
use crate::smp::{self, CallFailure, Fan, Merge, Message, Targets};

/// A call as a value: what it takes along, and what it does with the instance.
///
/// A closure does as well, but its future holds twice what it passes on by value: as captured, and as an argument.
pub trait ServiceCall<S>: Send + 'static {
    /// What it returns.
    type Output: Message;

    /// The future that is run on the instance's shard.
    fn call(self, service: &S) -> impl Future<Output = Self::Output>;
}

/// A closure as a call.
pub(super) struct Closure<F, T> {
    call: F,
    output: PhantomData<fn() -> T>,
}

impl<F, T> Closure<F, T> {
    #[inline]
    pub(super) fn new(call: F) -> Closure<F, T> {
        Closure { call, output: PhantomData }
    }
}

impl<F: Clone, T> Clone for Closure<F, T> {
    fn clone(&self) -> Closure<F, T> {
        Closure::new(self.call.clone())
    }
}

impl<S, F, T> ServiceCall<S> for Closure<F, T>
where
    F: AsyncFnOnce(&S) -> T + Send + 'static,
    T: Message,
{
    type Output = T;

    #[inline]
    fn call(self, service: &S) -> impl Future<Output = T> {
        (self.call)(service)
    }
}

/// A call on the shard of its instance, which stays until the call has ended.
pub(super) enum Visit<S, R> {
    Inside {
        future: R,
        // After the future, which refers to it.
        _instance: Local<S>,
    },
    NotRunning(NotRunning),
}

impl<S, R: Future> Future for Visit<S, R> {
    type Output = Result<R::Output, NotRunning>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: only `future` is pinned, and it is not moved.
        match unsafe { self.get_unchecked_mut() } {
            // SAFETY: as above.
            Visit::Inside { future, .. } => unsafe { Pin::new_unchecked(future) }.poll(context).map(Ok),
            Visit::NotRunning(error) => Poll::Ready(Err(*error)),
        }
    }
}

/// Runs a call on this shard's instance.
#[inline]
pub(super) fn visit<S: Service, C: ServiceCall<S>>(
    service: Sharded<S>,
    call: C,
) -> Visit<S, impl Future<Output = C::Output>> {
    match table::find(service) {
        Some(instance) => {
            // SAFETY: used by the future only, which is dropped before the instance. The result knows nothing of it,
            // because calls are written for a reference of any lifetime.
            let future = call.call(unsafe { instance.unbound() });
            Visit::Inside { future, _instance: instance }
        }
        None => Visit::NotRunning(NotRunning::here::<S>()),
    }
}

/// Runs a call on the instance of one shard.
#[track_caller]
#[inline]
pub fn call_on<S: Service, C: ServiceCall<S>>(
    service: Sharded<S>,
    shard: usize,
    call: C,
) -> impl Call<C::Output> {
    if shard >= smp::shard_count() {
        return OnShard::NotRunning(NotRunning::beyond::<S>(shard));
    }
    OnShard::Call(smp::submit_at(shard, Location::caller(), move || visit(service, call)))
}

/// A call on its way, if there is a way.
pub(super) enum OnShard<C> {
    Call(C),
    NotRunning(NotRunning),
}

impl<C: Future<Output = Result<T, NotRunning>>, T> Future for OnShard<C> {
    type Output = Result<T, NotRunning>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: only the call is pinned, and it is not moved.
        match unsafe { self.get_unchecked_mut() } {
            // SAFETY: as above.
            OnShard::Call(call) => unsafe { Pin::new_unchecked(call) }.poll(context),
            OnShard::NotRunning(error) => Poll::Ready(Err(*error)),
        }
    }
}

/// Runs a call on all instances.
#[track_caller]
pub fn call_all<S, C>(service: Sharded<S>, call: C) -> impl Future<Output = Result<C::Output, NotRunning>>
where
    S: Service,
    C: ServiceCall<S, Output: Merge> + Clone,
{
    merge(service, service.shards(), None, Location::caller(), call)
}

#[track_caller]
pub(super) fn call_others<S, C>(
    service: Sharded<S>,
    call: C,
) -> impl Future<Output = Result<C::Output, NotRunning>>
where
    S: Service,
    C: ServiceCall<S, Output: Merge> + Clone,
{
    merge(service, service.shards(), Some(smp::this_shard()), Location::caller(), call)
}

#[track_caller]
pub(super) fn call_range<S, C>(
    service: Sharded<S>,
    shards: Range<usize>,
    call: C,
) -> impl Future<Output = Result<C::Output, NotRunning>>
where
    S: Service,
    C: ServiceCall<S, Output: Merge> + Clone,
{
    merge(service, shards, None, Location::caller(), call)
}

/// These shards, if they exist.
fn targets<S: Service>(shards: Range<usize>) -> Result<Targets, NotRunning> {
    if shards.end > smp::shard_count() && !shards.is_empty() {
        return Err(NotRunning::beyond::<S>(shards.end - 1));
    }
    Ok(Targets::range(shards))
}

/// Runs a call on all instances, and returns what each returns, in the order of the shards.
#[track_caller]
pub fn call_map<S, C>(
    service: Sharded<S>,
    call: C,
) -> impl Future<Output = Result<Vec<C::Output>, NotRunning>>
where
    S: Service,
    C: ServiceCall<S> + Clone,
{
    let outputs = Vec::with_capacity(service.shards().len());
    call_fold(service, call, outputs, |mut outputs, output| {
        outputs.push(output);
        outputs
    })
}

/// Runs a call on all instances, and puts together what they return, in the order of the shards.
#[track_caller]
pub fn call_reduce<S, C>(
    service: Sharded<S>,
    call: C,
    mut reduce: impl FnMut(C::Output, C::Output) -> C::Output,
) -> impl Future<Output = Result<C::Output, NotRunning>>
where
    S: Service,
    C: ServiceCall<S> + Clone,
{
    let sum = call_fold(service, call, None, move |sum, output| match sum {
        Some(sum) => Some(reduce(sum, output)),
        None => Some(output),
    });
    async move { sum.await.map(|sum| sum.expect("a service is on at least one shard")) }
}

#[track_caller]
pub(super) fn call_fold<S, C, A>(
    service: Sharded<S>,
    call: C,
    initial: A,
    mut reduce: impl FnMut(A, C::Output) -> A,
) -> impl Future<Output = Result<A, NotRunning>>
where
    S: Service,
    C: ServiceCall<S> + Clone,
{
    let called_at = Location::caller();
    async move {
        let targets = targets::<S>(service.shards())?;
        let mut fan = pin!(Fan::new(targets, called_at, move || visit(service, call)));
        let (mut sum, mut failures) = (Some(initial), Failures::default());
        while let Some((shard, answer)) = fan.next().await {
            // What comes after a failure is waited for, but counts no more.
            if let Some(output) = failures.sort_out(shard, answer)
                && failures.are_none()
            {
                sum = sum.take().map(|sum| reduce(sum, output));
            }
        }
        failures.go_on()?;
        Ok(sum.expect("there are no failures"))
    }
}

/// One result of several, as [`Merge`] says.
async fn merge<S, C>(
    service: Sharded<S>,
    shards: Range<usize>,
    except: Option<usize>,
    called_at: &'static Location<'static>,
    call: C,
) -> Result<C::Output, NotRunning>
where
    S: Service,
    C: ServiceCall<S, Output: Merge> + Clone,
{
    let targets = targets::<S>(shards)?.except(except);
    let mut fan = pin!(Fan::new(targets, called_at, move || visit(service, call)));
    let (mut merged, mut failures) = (C::Output::ok(), Failures::default());
    while let Some((shard, answer)) = fan.next().await {
        if let Some(output) = failures.sort_out(shard, answer)
            && output.is_failure()
            && !merged.is_failure()
        {
            merged = output;
        }
    }
    failures.go_on()?;
    Ok(merged)
}

/// What went wrong with calls to several shards; the lowest shard counts.
#[derive(Default)]
pub(super) struct Failures {
    call: Option<(usize, CallFailure)>,
    missing: Option<NotRunning>,
}

impl Failures {
    /// The result of a call, if it has one.
    fn sort_out<T>(&mut self, shard: usize, answer: Result<Result<T, NotRunning>, CallFailure>) -> Option<T> {
        match answer {
            Ok(Ok(output)) => return Some(output),
            Ok(Err(missing)) => drop(self.missing.get_or_insert(missing)),
            Err(failure) => self.add(shard, failure),
        }
        None
    }

    pub(super) fn add(&mut self, shard: usize, failure: CallFailure) {
        self.call.get_or_insert((shard, failure));
    }

    fn are_none(&self) -> bool {
        self.call.is_none() && self.missing.is_none()
    }

    /// What a call panicked with, or would panic with.
    pub(super) fn into_panic(self) -> Option<Box<dyn Any + Send>> {
        let (shard, failure) = self.call?;
        Some(failure.into_panic(shard))
    }

    /// Panics if a call did, and so on.
    pub(super) fn go_on(self) -> Result<(), NotRunning> {
        if let Some((shard, failure)) = self.call {
            failure.go_on(shard);
        }
        self.missing.map_or(Ok(()), Err)
    }
}
