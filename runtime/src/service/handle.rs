//! The handle of a service.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::ops::Range;
use std::panic::Location;

use super::call::{self, Closure};
use super::instance::Local;
use super::start::{self, Startup};
use super::word::Word;
use super::{Call, CallError, CallOptions, NotRunning, Service, route, stop, table};
use crate::smp::{self, Merge, Message};

/// A service that runs on all shards, as a handle: one word that can be copied and sent wherever it is needed.
///
/// A call runs on the instance of one shard, or of several. On the caller's own shard it is run in place; to another it
/// goes in one parcel that holds what the call captures, then its future, then its result. Nothing is allocated.
/// While a call runs, its instance stays; a call to a service that has stopped fails with [`NotRunning`].
///
/// Dropping a handle does nothing. A service that nobody has stopped is stopped when the program ends, after those that
/// were started later.
///
/// # Panics
///
/// A call that panics is logged where it runs, and goes on to panic where it was made. As with [`submit_to`](crate::submit_to),
/// calls panic if a shard's memory budget is used up, and on a thread that is no shard.
///
/// ```
/// use seastar::{NotRunning, Service, Sharded};
/// use std::cell::Cell;
///
/// struct Counter(Cell<usize>);
///
/// impl Service for Counter {
///     type Stopped = ();
/// }
///
/// #[seastar::main(shards = 2, overprovisioned = true)]
/// async fn main() -> Result<(), NotRunning> {
///     let counter = Sharded::start(async |_| Counter(Cell::new(0))).await;
///     let add = async |counter: &Counter| counter.0.set(counter.0.get() + 1);
///     counter.invoke_on(1, add).await?;
///     counter.invoke_on_all(add).await?;
///     counter.invoke_on_others(add).await?; // this is shard 0
///     counter.invoke_on_range(0..1, add).await?;
///     assert_eq!(counter.map(async |counter: &Counter| counter.0.get()).await?, [2, 3]);
///     let sum = counter.map_reduce(async |counter: &Counter| counter.0.get(), 0, |sum, count| sum + count);
///     assert_eq!(sum.await?, 5);
///     counter.stop().await;
///     Ok(())
/// }
/// ```
#[repr(transparent)]
pub struct Sharded<S> {
    pub(super) word: Word,
    service: PhantomData<fn() -> S>,
}

impl<S: Service> Sharded<S> {
    pub(super) fn new(word: Word) -> Sharded<S> {
        Sharded { word, service: PhantomData }
    }

    /// Makes an instance on every shard, all at the same time (SH-1).
    ///
    /// `make` is cloned for each shard and runs there: what it captures is each shard's argument, and what depends on the shard
    /// it finds by [`this_shard`](crate::this_shard). It returns the service or a `Result` of it. Its own argument is the handle of what is being
    /// started, for services that call their peers later; other services are reached through their handles, which it may capture.
    ///
    /// If `make` fails on a shard, or panics, those instances that exist are stopped as by [`stop`](Self::stop), and the
    /// failure of the lowest shard is returned: nothing is left behind (SH-2). So it is if the future is dropped before its end.
    ///
    /// ```
    /// use seastar::{Service, Sharded};
    ///
    /// struct Part(usize);
    ///
    /// impl Service for Part {
    ///     type Stopped = ();
    /// }
    ///
    /// #[seastar::main(shards = 2, overprovisioned = true)]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let total = 100;
    ///     let parts = Sharded::start(async move |_| Part(total / seastar::shard_count())).await;
    ///     assert_eq!(parts.map(async |part: &Part| part.0).await?, [50, 50]);
    ///
    ///     let failed = Sharded::start(async |_| if seastar::this_shard() == 0 { Ok(Part(0)) } else { Err("no room") });
    ///     assert_eq!(failed.await.unwrap_err(), "no room");
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// When polled: if `make` panics, on a thread that is no shard, if a shard has no memory for the instance, and if 4,096 services run.
    #[track_caller]
    pub fn start<F, M>(make: F) -> impl Future<Output = M::Started>
    where
        F: AsyncFnOnce(Sharded<S>) -> M + Clone + Send + 'static,
        M: Startup<Service = S>,
    {
        start::start(None, make, Location::caller())
    }

    /// [`start`](Self::start) on one shard only (SH-3). All calls go there; those to another shard fail with [`NotRunning`].
    ///
    /// ```
    /// # use seastar::{NotRunning, Service, Sharded};
    /// # struct Journal;
    /// # impl Service for Journal {
    /// #     type Stopped = ();
    /// # }
    /// #[seastar::main(shards = 2, overprovisioned = true)]
    /// async fn main() -> Result<(), NotRunning> {
    ///     let journal = Sharded::start_on(1, async |_| Journal).await;
    ///     assert_eq!(journal.map(async |_: &Journal| seastar::this_shard()).await?, [1]);
    ///     assert!(journal.local().is_err());
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// As `start` does, and if there is no such shard.
    #[track_caller]
    pub fn start_on<F, M>(shard: usize, make: F) -> impl Future<Output = M::Started>
    where
        F: AsyncFnOnce(Sharded<S>) -> M + Clone + Send + 'static,
        M: Startup<Service = S>,
    {
        smp::assert_exists(shard);
        start::start(Some(shard), make, Location::caller())
    }

    /// Runs `call` on the instance of one shard (SH-8).
    ///
    /// Like [`submit_to`](crate::submit_to), whose rules hold: a call to another shard runs on when this future is dropped.
    ///
    /// # Errors
    ///
    /// [`NotRunning`] if there is no instance, or no such shard.
    #[track_caller]
    #[inline]
    pub fn invoke_on<F, T>(self, shard: usize, call: F) -> impl Call<T>
    where
        F: AsyncFnOnce(&S) -> T + Send + 'static,
        T: Message,
    {
        call::call_on(self, shard, Closure::new(call))
    }

    /// [`invoke_on`](Self::invoke_on) within limits: a deadline, a group. The same as [`with`](Call::with) of that call.
    ///
    /// # Errors
    ///
    /// [`CallError::NotRunning`] if there is no instance, or no such shard; and as
    /// [`submit_to_with`](crate::submit_to_with).
    ///
    /// ```
    /// # use seastar::{CallError, CallOptions, Service, ServiceGroup, Sharded};
    /// # struct Index;
    /// # impl Service for Index {
    /// #     type Stopped = ();
    /// # }
    /// # impl Index {
    /// #     async fn find(&self, _key: u64) -> Option<u64> {
    /// #         Some(7)
    /// #     }
    /// # }
    /// static LOOKUPS: ServiceGroup = ServiceGroup::new("lookups", 64);
    ///
    /// #[seastar::main(shards = 2, overprovisioned = true)]
    /// async fn main() -> Result<(), CallError> {
    ///     let index = Sharded::start(async |_| Index).await;
    ///     let options = CallOptions::new().group(&LOOKUPS).timeout(std::time::Duration::from_secs(1));
    ///     let found = index.invoke_on_with(options, 1, async |index: &Index| index.find(3).await).await?;
    ///     assert_eq!(found, Some(7));
    ///     Ok(())
    /// }
    /// ```
    #[track_caller]
    pub fn invoke_on_with<F, T>(
        self,
        options: CallOptions,
        shard: usize,
        call: F,
    ) -> impl Future<Output = Result<T, CallError>>
    where
        F: AsyncFnOnce(&S) -> T + Send + 'static,
        T: Message,
    {
        self.invoke_on(shard, call).with(options)
    }

    /// Runs a copy of `call` on every instance at the same time, and waits for all (SH-10).
    ///
    /// Dropping the future lets the calls that were made run to their end.
    ///
    /// # Errors
    ///
    /// [`NotRunning`] if an instance is missing; the call has run on the others. Of the calls that fail, the failure of the lowest
    /// shard is returned.
    #[track_caller]
    pub fn invoke_on_all<F, T>(self, call: F) -> impl Future<Output = Result<T, NotRunning>>
    where
        F: AsyncFnOnce(&S) -> T + Clone + Send + 'static,
        T: Merge,
    {
        call::call_all(self, Closure::new(call))
    }

    /// [`invoke_on_all`](Self::invoke_on_all), but not on this shard.
    ///
    /// # Errors
    ///
    /// As for `invoke_on_all`.
    #[track_caller]
    pub fn invoke_on_others<F, T>(self, call: F) -> impl Future<Output = Result<T, NotRunning>>
    where
        F: AsyncFnOnce(&S) -> T + Clone + Send + 'static,
        T: Merge,
    {
        call::call_others(self, Closure::new(call))
    }

    /// [`invoke_on_all`](Self::invoke_on_all), on a range of shards (SH-9).
    ///
    /// # Errors
    ///
    /// [`NotRunning`], before anything has run, if the range has a shard that the program has not.
    #[track_caller]
    pub fn invoke_on_range<F, T>(
        self,
        shards: Range<usize>,
        call: F,
    ) -> impl Future<Output = Result<T, NotRunning>>
    where
        F: AsyncFnOnce(&S) -> T + Clone + Send + 'static,
        T: Merge,
    {
        call::call_range(self, shards, Closure::new(call))
    }

    /// What `call` returns on every instance, in the order of the shards (SH-12).
    ///
    /// Dropping the future lets the calls that were made run to their end, as it does with [`invoke_on_all`](Self::invoke_on_all).
    ///
    /// # Errors
    ///
    /// [`NotRunning`] if an instance is missing; the call has run on the others.
    #[track_caller]
    pub fn map<F, T>(self, call: F) -> impl Future<Output = Result<Vec<T>, NotRunning>>
    where
        F: AsyncFnOnce(&S) -> T + Clone + Send + 'static,
        T: Message,
    {
        call::call_map(self, Closure::new(call))
    }

    /// Folds what `call` returns on every instance, in the order of the shards: unlike in C++ Seastar (SH-12), where it
    /// is the order in which they answer. Nothing is allocated.
    ///
    /// Dropping the future lets the calls that were made run to their end, and folds no more.
    ///
    /// # Errors
    ///
    /// [`NotRunning`] if an instance is missing; the call has run on the others.
    #[track_caller]
    pub fn map_reduce<F, T, A>(
        self,
        call: F,
        initial: A,
        reduce: impl FnMut(A, T) -> A,
    ) -> impl Future<Output = Result<A, NotRunning>>
    where
        F: AsyncFnOnce(&S) -> T + Clone + Send + 'static,
        T: Message,
    {
        call::call_fold(self, Closure::new(call), initial, reduce)
    }

    /// This shard's instance (SH-11).
    ///
    /// While it is held the instance stays: [`stop`](Self::stop) waits for it, as it does for calls.
    ///
    /// # Errors
    ///
    /// [`NotRunning`] if there is none.
    ///
    /// ```
    /// # use seastar::{NotRunning, Service, Sharded};
    /// # use std::cell::Cell;
    /// # struct Counter(Cell<u64>);
    /// # impl Service for Counter {
    /// #     type Stopped = ();
    /// # }
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> Result<(), NotRunning> {
    ///     let counter = Sharded::start(async |_| Counter(Cell::new(1))).await;
    ///     let here = counter.local()?;
    ///     assert_eq!(here.0.replace(2), 1);
    ///     drop(here);
    ///     counter.stop().await;
    ///     assert!(counter.local().is_err() && !counter.is_running());
    ///     Ok(())
    /// }
    /// ```
    #[inline]
    pub fn local(self) -> Result<Local<S>, NotRunning> {
        table::find(self).ok_or_else(NotRunning::here::<S>)
    }

    /// Whether this shard has an instance.
    pub fn is_running(self) -> bool {
        table::find(self).is_some()
    }

    /// The shards that have instances: all, or the one of [`start_on`](Self::start_on).
    ///
    /// # Panics
    ///
    /// On a thread that is no shard.
    #[inline]
    pub fn shards(self) -> Range<usize> {
        self.word.only().map_or_else(|| 0..smp::shard_count(), |shard| shard..shard + 1)
    }

    /// The shard that a key belongs to: the same one on every shard, in every run with so many shards.
    ///
    /// Keys are spread evenly. Equal keys have to have equal hashes, as in a `HashMap`; so what a key is borrowed as (`str` for
    /// `String`) belongs to the same shard.
    ///
    /// ```
    /// # use seastar::{Service, Sharded};
    /// # struct Cache;
    /// # impl Service for Cache {
    /// #     type Stopped = ();
    /// # }
    /// #[seastar::main(shards = 2, overprovisioned = true)]
    /// async fn main() {
    ///     let cache = Sharded::start(async |_| Cache).await;
    ///     assert_eq!(cache.shard_of("key"), cache.shard_of(&String::from("key")));
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// On a thread that is no shard.
    #[inline]
    pub fn shard_of<K: Hash + ?Sized>(self, key: &K) -> usize {
        self.word.only().unwrap_or_else(|| route::shard_of(key, smp::shard_count()))
    }

    /// Stops the service, in two phases (SH-5).
    ///
    /// First [`Service::stop`] runs on every shard, during which the instances can still be called. When it has ended on
    /// all of them, calls fail with [`NotRunning`], those that run come to their end, and the instances are dropped.
    /// That happens also where stopping fails; the failure of the lowest shard is returned (SH-6). A shard without memory for either is
    /// asked again until it has some.
    ///
    /// A second call, on whatever shard, waits for the first and returns no failure; so does one for a service that has
    /// stopped. Dropping the future does not keep the service from stopping, unless it still waits for the memory to begin. Within a call to the
    /// service itself it would wait for its own end.
    ///
    /// # Panics
    ///
    /// When polled: if `Service::stop` or the drop of an instance panics; the service has stopped all the same.
    #[track_caller]
    pub fn stop(self) -> impl Future<Output = S::Stopped> {
        stop::stop(self, Location::caller())
    }
}

impl<S> Copy for Sharded<S> {}

impl<S> Clone for Sharded<S> {
    fn clone(&self) -> Sharded<S> {
        *self
    }
}

impl<S> PartialEq for Sharded<S> {
    fn eq(&self, other: &Sharded<S>) -> bool {
        self.word == other.word
    }
}

impl<S> Eq for Sharded<S> {}

impl<S> Hash for Sharded<S> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.word.hash(state);
    }
}

impl<S> fmt::Debug for Sharded<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sharded").field(&std::any::type_name::<S>()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_one_word_that_may_go_anywhere() {
        fn goes_anywhere<T: Copy + Send + Sync + 'static>() {}
        goes_anywhere::<Sharded<std::rc::Rc<()>>>();
        assert_eq!(size_of::<Option<Sharded<String>>>(), 8);
    }
}
