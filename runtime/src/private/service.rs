//! What `#[seastar::sharded]` becomes: methods as calls, and what they take along.
//!
//! A call is the method itself and a tuple of its arguments. Its future is the method's own, so that an argument lies
//! there once, and nothing is put around it.

use std::future::{Pending, pending, ready};
use std::marker::PhantomData;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::service::ServiceCall;
use crate::{
    Call, CallError, CallOptions, Merge, Message, NotRunning, Service, ServiceGroup, Sharded, Startup,
};

/// An argument or a result on its way. That it may leave its shard was asked for when the call was made, and is not asked
/// for again: one mistake, one message.
pub struct Sent<T>(T);

// SAFETY: made of what is `Send` only: `sent` asks for that, and for results `method` and `sync_method`.
unsafe impl<T> Send for Sent<T> {}

/// Takes an argument along.
#[inline]
pub fn sent<T: Message>(value: T) -> Sent<T> {
    Sent(value)
}

/// An argument on its way to every shard.
pub struct Copied<T> {
    value: T,
    clone: fn(&T) -> T,
}

// SAFETY: made by `copied` only, which takes nothing that is not `Send`.
unsafe impl<T> Send for Copied<T> {}

impl<T> Clone for Copied<T> {
    fn clone(&self) -> Copied<T> {
        Copied { value: (self.clone)(&self.value), clone: self.clone }
    }
}

/// Takes an argument along to every shard.
#[inline]
pub fn copied<T: Message + Clone>(value: T) -> Copied<T> {
    Copied { value, clone: T::clone }
}

/// A [`Sent`] or [`Copied`] argument.
pub trait Carried {
    /// What the method takes.
    type Value;

    /// The argument at its destination.
    fn open(self) -> Self::Value;
}

impl<T> Carried for Sent<T> {
    type Value = T;

    #[inline]
    fn open(self) -> T {
        self.0
    }
}

impl<T> Carried for Copied<T> {
    type Value = T;

    #[inline]
    fn open(self) -> T {
        self.value
    }
}

/// A tuple of arguments on their way.
pub trait Arguments {
    /// The tuple at its destination.
    type Values;

    /// Opens all of them.
    fn open(self) -> Self::Values;
}

/// A method of a service `S` with such arguments, for an instance that is borrowed for `'s`.
pub trait Method<'s, S, A> {
    /// What its future is ready with.
    type Output;
    /// The future of a call.
    type Future: Future<Output = Self::Output>;

    /// Calls it.
    fn run(self, service: &'s S, arguments: A) -> Self::Future;
}

/// A [`Method`] that does not wait.
pub trait SyncMethod<'s, S, A> {
    /// What it returns.
    type Output;

    /// Calls it.
    fn run(self, service: &'s S, arguments: A) -> Self::Output;
}

macro_rules! arguments {
    ($($A:ident)*) => {
        #[allow(non_snake_case, clippy::unused_unit)]
        impl<$($A: Carried),*> Arguments for ($($A,)*) {
            type Values = ($($A::Value,)*);

            #[inline]
            fn open(self) -> Self::Values {
                let ($($A,)*) = self;
                ($($A.open(),)*)
            }
        }

        #[allow(non_snake_case)]
        impl<'s, S: 's, M, R, $($A: Carried),*> Method<'s, S, ($($A,)*)> for M
        where
            M: FnOnce(&'s S, $($A::Value),*) -> R,
            R: Future,
        {
            type Output = R::Output;
            type Future = R;

            #[inline]
            fn run(self, service: &'s S, ($($A,)*): ($($A,)*)) -> R {
                self(service, $($A.open()),*)
            }
        }

        #[allow(non_snake_case)]
        impl<'s, S: 's, M, R, $($A: Carried),*> SyncMethod<'s, S, ($($A,)*)> for M
        where
            M: FnOnce(&'s S, $($A::Value),*) -> R,
        {
            type Output = R;

            #[inline]
            fn run(self, service: &'s S, ($($A,)*): ($($A,)*)) -> R {
                self(service, $($A.open()),*)
            }
        }
    };
}

arguments!();
arguments!(A);
arguments!(A B);
arguments!(A B C);
arguments!(A B C D);
arguments!(A B C D E);
arguments!(A B C D E F);
arguments!(A B C D E F G);
arguments!(A B C D E F G H);
arguments!(A B C D E F G H I);
arguments!(A B C D E F G H I J);
arguments!(A B C D E F G H I J K);
arguments!(A B C D E F G H I J K L);

/// A call of an async method.
pub struct AsyncCall<M, A, T> {
    method: M,
    arguments: A,
    output: PhantomData<fn() -> T>,
}

/// A call of a method that does not wait.
pub struct SyncCall<M, A, T> {
    method: M,
    arguments: A,
    output: PhantomData<fn() -> T>,
}

/// Calls an async method.
#[inline]
pub fn method<M, A, T: Message>(method: M, arguments: A) -> AsyncCall<M, A, T> {
    AsyncCall { method, arguments, output: PhantomData }
}

/// Calls a method that does not wait.
#[inline]
pub fn sync_method<M, A, T: Message>(method: M, arguments: A) -> SyncCall<M, A, T> {
    SyncCall { method, arguments, output: PhantomData }
}

impl<M: Clone, A: Clone, T> Clone for AsyncCall<M, A, T> {
    fn clone(&self) -> Self {
        AsyncCall { method: self.method.clone(), arguments: self.arguments.clone(), output: PhantomData }
    }
}

impl<M: Clone, A: Clone, T> Clone for SyncCall<M, A, T> {
    fn clone(&self) -> Self {
        SyncCall { method: self.method.clone(), arguments: self.arguments.clone(), output: PhantomData }
    }
}

impl<S, M, A, T> ServiceCall<S> for AsyncCall<M, A, T>
where
    S: 'static,
    M: for<'s> Method<'s, S, A, Output = T> + Send + 'static,
    A: Send + 'static,
    T: 'static,
{
    type Output = Sent<T>;

    #[inline]
    fn call(self, service: &S) -> impl Future<Output = Sent<T>> {
        // The call was made by `method`, which has asked for what `Sent` promises.
        Mapped { future: self.method.run(service, self.arguments), map: Sent }
    }
}

impl<S, M, A, T> ServiceCall<S> for SyncCall<M, A, T>
where
    S: 'static,
    M: for<'s> SyncMethod<'s, S, A, Output = T> + Send + 'static,
    A: Send + 'static,
    T: 'static,
{
    type Output = Sent<T>;

    #[inline]
    fn call(self, service: &S) -> impl Future<Output = Sent<T>> {
        ready(Sent(self.method.run(service, self.arguments)))
    }
}

/// A future with something done to its output.
struct Mapped<F, M> {
    future: F,
    map: M,
}

impl<F: Future, M: Fn(F::Output) -> T, T> Future for Mapped<F, M> {
    type Output = T;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        // SAFETY: only `future` is pinned, and it is not moved.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: as above.
        unsafe { Pin::new_unchecked(&mut this.future) }.poll(context).map(&this.map)
    }
}

/// Runs a call on the instance of one shard.
#[track_caller]
#[inline]
pub fn call_on<S: Service, C: ServiceCall<S, Output = Sent<T>>, T: 'static>(
    service: Sharded<S>,
    shard: usize,
    call: C,
) -> impl Call<T> {
    Mapped {
        future: crate::service::call_on(service, shard, call),
        map: |answer: Result<Sent<T>, NotRunning>| answer.map(Carried::open),
    }
}

impl<C, M, T> Call<T> for Mapped<C, M>
where
    C: Call<Sent<T>>,
    M: Fn(Result<Sent<T>, NotRunning>) -> Result<T, NotRunning>,
{
    async fn with(self, options: CallOptions) -> Result<T, CallError> {
        self.future.with(options).await.map(Carried::open)
    }
}

/// Runs a call on the instance of one shard, as one of a group.
#[track_caller]
pub fn call_in_group<S: Service, C: ServiceCall<S, Output = Sent<T>>, T: 'static>(
    group: &'static ServiceGroup,
    service: Sharded<S>,
    shard: usize,
    call: C,
) -> impl Call<T> {
    let state = Grouped::Unmade(Some(call_on(service, shard, call)));
    InGroup { group, make: Call::with, state }
}

/// A call in the group of its service.
struct InGroup<C, L> {
    group: &'static ServiceGroup,
    make: fn(C, CallOptions) -> L,
    state: Grouped<C, L>,
}

enum Grouped<C, L> {
    Unmade(Option<C>),
    Made(L),
}

impl<C, L: Future<Output = Result<T, CallError>>, T> Future for InGroup<C, L> {
    type Output = Result<T, NotRunning>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: only what is made is pinned, and it is not moved.
        let this = unsafe { self.get_unchecked_mut() };
        if let Grouped::Unmade(call) = &mut this.state
            && let Some(call) = call.take()
        {
            this.state = Grouped::Made((this.make)(call, CallOptions::new().group(this.group)));
        }
        let Grouped::Made(made) = &mut this.state else { unreachable!("it was made") };
        // SAFETY: as above.
        unsafe { Pin::new_unchecked(made) }.poll(context).map(|answer| match answer {
            Ok(answer) => Ok(answer),
            Err(CallError::NotRunning(error)) => Err(error),
            Err(error) => unreachable!("a call without a deadline waits until there is room: {error}"),
        })
    }
}

impl<C, L: Future<Output = Result<T, CallError>>, T> Call<T> for InGroup<C, L> {
    async fn with(self, options: CallOptions) -> Result<T, CallError> {
        let Grouped::Unmade(Some(call)) = self.state else {
            panic!("limits come before a call, and this one was made")
        };
        (self.make)(call, options.or_group(self.group)).await
    }
}

/// What stands for a call whose place is wrong.
pub fn refused<T>() -> impl Call<T> {
    Refused(pending())
}

struct Refused<T>(Pending<Result<T, NotRunning>>);

impl<T> Future for Refused<T> {
    type Output = Result<T, NotRunning>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context)
    }
}

impl<T> Call<T> for Refused<T> {
    async fn with(self, _: CallOptions) -> Result<T, CallError> {
        Ok(self.await?)
    }
}

/// Runs a call on all instances.
#[track_caller]
pub fn call_all<S, C, T>(service: Sharded<S>, call: C) -> impl Future<Output = Result<T, NotRunning>>
where
    S: Service,
    C: ServiceCall<S, Output = Sent<T>> + Clone,
    T: Merge,
{
    let merged = crate::service::call_all(service, call);
    async move { merged.await.map(Carried::open) }
}

#[diagnostic::do_not_recommend]
impl<T: Merge> Merge for Sent<T> {
    fn ok() -> Self {
        Sent(T::ok())
    }

    fn is_failure(&self) -> bool {
        self.0.is_failure()
    }
}

/// Runs a call on all instances, and makes one result of what they return, in the order of the shards.
#[track_caller]
pub fn call_reduce<S, C, T>(
    service: Sharded<S>,
    call: C,
    mut reduce: impl FnMut(T, T) -> T,
) -> impl Future<Output = Result<T, NotRunning>>
where
    S: Service,
    C: ServiceCall<S, Output = Sent<T>> + Clone,
{
    let reduced =
        crate::service::call_reduce(service, call, move |Sent(sum), Sent(next)| Sent(reduce(sum, next)));
    async move { reduced.await.map(Carried::open) }
}

/// Starts a service; `make` gets its handle, and a copy of the arguments on each shard.
#[track_caller]
pub fn start_service<S, F, A, R, M>(make: F, arguments: A) -> impl Future<Output = M::Started>
where
    S: Service,
    F: FnOnce(Sharded<S>, A::Values) -> R + Clone + Send + 'static,
    A: Arguments + Clone + Send + 'static,
    R: Future<Output = M> + 'static,
    M: Startup<Service = S>,
{
    Sharded::start(async move |service| make(service, arguments.open()).await)
}

/// The shard whose turn it is at this number.
#[inline]
pub fn nth_shard<S: Service>(service: Sharded<S>, number: usize) -> usize {
    let Range { start, end } = service.shards();
    start + number % (end - start)
}
