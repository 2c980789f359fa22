//! Units that fibers of one shard take and give back.
//!
//! First come, first served: a large request is never overtaken by small ones that would fit (SEM-2).

use std::cell::Cell;
use std::fmt;
use std::hint::cold_path;
use std::rc::Rc;
use std::time::Duration;

use super::abort::AbortSource;
use super::acquire::{Acquire, Acquiring};
use super::limit::{Limit, Unless, Within};
use super::list::{Host, List, State};
use super::semaphore_error::SemaphoreError;
use super::units::{SemaphoreUnits, Units};

/// In place of a semaphore's number of units: known only when the program runs.
pub const DYNAMIC: usize = usize::MAX;

/// The most units that a semaphore may have.
const UNITS_MAX: usize = isize::MAX as usize;

/// `UNITS` units that fibers of one shard take, wait for, and give back (SEM-1).
///
/// With the number in its type, a semaphore tells too large a request apart while compiling
/// (`with_semaphore!`) or at once; [`with_units`](Semaphore::with_units) makes one whose number is known only at run
/// time. Both wait for nobody where nobody has to wait, and allocate nothing.
///
/// ```
/// use seastar::sync::Semaphore;
/// use std::time::Duration;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let semaphore = Semaphore::<2>::new().named("disk");
///     let one = semaphore.acquire(1).await.unwrap();
///     let two = semaphore.acquire_timeout(2, Duration::from_millis(1)).await;
///     assert_eq!(two.unwrap_err().to_string(), "Semaphore timed out: disk");
///     drop(one);
///     assert!(semaphore.try_acquire(2).is_some());
///     let three = semaphore.acquire(3).await;
///     assert_eq!(three.unwrap_err().to_string(), "Semaphore over capacity: disk: 3 units asked of 2");
/// }
/// ```
pub struct Semaphore<const UNITS: usize = DYNAMIC> {
    core: SemaphoreCore,
}

/// What semaphores are whatever their capacity. Units and futures refer to this.
#[doc(hidden)]
pub struct SemaphoreCore {
    /// Below zero after [`Semaphore::consume`].
    available: Cell<isize>,
    broken: Cell<bool>,
    capacity: usize,
    name: Option<&'static str>,
    waiters: List<usize>,
}

impl<const UNITS: usize> Semaphore<UNITS> {
    /// A semaphore with all its units there.
    ///
    /// ```
    /// use seastar::sync::Semaphore;
    ///
    /// thread_local! {
    ///     static REQUESTS: Semaphore<100> = const { Semaphore::new() };
    /// }
    /// assert_eq!(REQUESTS.with(Semaphore::available_units), 100);
    /// ```
    pub const fn new() -> Semaphore<UNITS> {
        const {
            assert!(
                UNITS != DYNAMIC,
                "say how many units: `Semaphore::<100>::new()` or `Semaphore::with_units(n)`"
            );
            assert!(UNITS > 0, "a semaphore without units lets nobody pass");
            assert!(UNITS <= UNITS_MAX, "a semaphore cannot have so many units");
        }
        Semaphore { core: SemaphoreCore::new(UNITS) }
    }

    /// The semaphore with a name that its errors tell (SEM-11).
    pub const fn named(mut self, name: &'static str) -> Semaphore<UNITS> {
        self.core.name = Some(name);
        self
    }

    /// How many units there are in all. No request may be for more, even when some were [signalled](Self::signal) on top.
    #[inline]
    pub const fn capacity(&self) -> usize {
        if UNITS == DYNAMIC { self.core.capacity } else { UNITS }
    }

    /// Waits until `units` are there, and takes them.
    ///
    /// Dropping the future leaves the line, or hands on what it was given. Fails at once for more units than the
    /// capacity, and when the semaphore is [broken](Self::broken).
    ///
    /// ```
    /// use seastar::sync::{Semaphore, SemaphoreError};
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> Result<(), SemaphoreError> {
    ///     let memory = Semaphore::with_units(1_000_000);
    ///     let request = memory.acquire(300_000).await?;
    ///     assert_eq!((request.count(), memory.available_units()), (300_000, 700_000));
    ///     Ok(())
    /// }
    /// ```
    #[inline]
    pub fn acquire(&self, units: usize) -> Acquire<&SemaphoreCore> {
        Acquiring::wait(&self.core, units)
    }

    /// [`acquire`](Self::acquire) for no longer than `duration` (SEM-7).
    ///
    /// # Errors
    ///
    /// As for `acquire`, and [`TimedOut`](SemaphoreError::TimedOut).
    #[inline]
    pub fn acquire_timeout(&self, units: usize, duration: Duration) -> Within<Acquire<&SemaphoreCore>> {
        self.acquire(units).within(duration)
    }

    /// [`acquire`](Self::acquire) until `source` is aborted (SEM-8).
    ///
    /// # Errors
    ///
    /// As for `acquire`, and [`Aborted`](SemaphoreError::Aborted), at once if the source was aborted before and the units are not there.
    ///
    /// ```
    /// use seastar::sync::{AbortSource, Semaphore};
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let (disk, stop) = (Semaphore::<1>::new(), AbortSource::new());
    ///     let held = disk.acquire_abortable(1, &stop).await.unwrap();
    ///     stop.abort();
    ///     let aborted = disk.acquire_abortable(1, &stop).await.unwrap_err();
    ///     assert_eq!(aborted.to_string(), "Semaphore aborted");
    ///     drop(held);
    /// }
    /// ```
    #[inline]
    pub fn acquire_abortable<'a>(
        &'a self,
        units: usize,
        source: &'a AbortSource,
    ) -> Unless<'a, Acquire<&'a SemaphoreCore>> {
        self.acquire(units).unless(source)
    }

    /// [`acquire`](Self::acquire) for units that live longer than a borrow.
    ///
    /// ```
    /// use seastar::sync::Semaphore;
    /// use std::rc::Rc;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let semaphore = Rc::new(Semaphore::<10>::new());
    ///     for _ in 0..100 {
    ///         let units = semaphore.acquire_owned(1).await.unwrap();
    ///         drop(seastar::spawn(async move {
    ///             seastar::yield_now().await;
    ///             drop(units);
    ///         }));
    ///     }
    ///     let _all_are_done = semaphore.acquire(10).await.unwrap();
    /// }
    /// ```
    #[inline]
    pub fn acquire_owned(self: &Rc<Self>, units: usize) -> Acquire<Rc<Self>> {
        Acquiring::wait(self.clone(), units)
    }

    /// Takes units if they are there and nobody waits for any (SEM-3). `None` also for more than the capacity, and on a broken semaphore.
    #[inline]
    #[must_use = "the units go back at once when nobody keeps them"]
    pub fn try_acquire(&self, units: usize) -> Option<SemaphoreUnits<'_>> {
        self.core.try_take(units).then(|| Units::new(&self.core, units))
    }

    /// [`try_acquire`](Self::try_acquire) for units that live longer than a borrow.
    ///
    /// ```
    /// use seastar::sync::Semaphore;
    /// use std::rc::Rc;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let places = Rc::new(Semaphore::<1>::new());
    ///     let place = places.try_acquire_owned(1).unwrap();
    ///     let guest = seastar::spawn(async move { place.count() });
    ///     assert!(places.try_acquire_owned(1).is_none());
    ///     assert_eq!(guest.await.unwrap(), 1);
    ///     assert!(places.try_acquire_owned(1).is_some());
    /// }
    /// ```
    #[inline]
    #[must_use = "the units go back at once when nobody keeps them"]
    pub fn try_acquire_owned(self: &Rc<Self>, units: usize) -> Option<Units<Rc<Self>>> {
        self.core.try_take(units).then(|| Units::new(self.clone(), units))
    }

    /// Adds units and serves those who wait (SEM-5); nothing on a broken semaphore.
    ///
    /// Units go back by themselves: this is for those that were [released](Units::release) or [consumed](Self::consume).
    #[inline]
    pub fn signal(&self, units: usize) {
        self.core.give(units);
    }

    /// Takes units even if they are not there: then what is available falls below zero, and everybody waits until it
    /// has been made up (SEM-6). Nothing on a broken semaphore.
    ///
    /// ```
    /// let semaphore = seastar::sync::Semaphore::<10>::new();
    /// semaphore.consume(12);
    /// assert_eq!((semaphore.available_units(), semaphore.current()), (-2, 0));
    /// semaphore.signal(12);
    /// assert_eq!(semaphore.current(), 10);
    /// ```
    pub fn consume(&self, units: usize) {
        self.core.consume(units);
    }

    /// [`consume`](Self::consume), to be given back by dropping the result.
    ///
    /// ```
    /// let semaphore = seastar::sync::Semaphore::<10>::new();
    /// let more_than_there_is = semaphore.consume_units(12);
    /// assert_eq!(semaphore.available_units(), -2);
    /// drop(more_than_there_is);
    /// assert_eq!(semaphore.available_units(), 10);
    /// ```
    pub fn consume_units(&self, units: usize) -> SemaphoreUnits<'_> {
        Units::new(&self.core, self.core.consume(units))
    }

    /// Breaks the semaphore for good: all who wait fail now, and whoever asks later fails too (SEM-10). What is given
    /// back from now on is forgotten.
    ///
    /// ```
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let semaphore = seastar::sync::Semaphore::<1>::new();
    ///     semaphore.broken();
    ///     assert_eq!(semaphore.acquire(1).await.unwrap_err().to_string(), "Semaphore broken");
    /// }
    /// ```
    pub fn broken(&self) {
        self.core.broken.set(true);
        self.core.available.set(0);
        self.core.waiters.wake_all(State::Refused);
    }

    /// Units that are there; below zero after [`consume`](Self::consume).
    #[inline]
    pub fn available_units(&self) -> isize {
        self.core.available.get()
    }

    /// Units that are there; zero at least.
    #[inline]
    pub fn current(&self) -> usize {
        self.available_units().max(0) as usize
    }

    /// How many wait.
    ///
    /// ```
    /// use seastar::sync::Semaphore;
    /// use std::rc::Rc;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let semaphore = Rc::new(Semaphore::<1>::new());
    ///     let unit = semaphore.acquire(1).await.unwrap();
    ///     let waiter = semaphore.clone();
    ///     let fiber = seastar::spawn(async move { waiter.acquire_owned(1).await.is_ok() });
    ///     seastar::yield_now().await;
    ///     assert_eq!(semaphore.waiters(), 1);
    ///     drop(unit);
    ///     assert!(fiber.await.unwrap());
    /// }
    /// ```
    pub fn waiters(&self) -> usize {
        self.core.waiters.len()
    }
}

impl Semaphore {
    /// A semaphore whose capacity is known only when the program runs.
    ///
    /// # Panics
    ///
    /// For more than `isize::MAX` units. None at all are allowed: they may be [signalled](Self::signal) later, but
    /// each request of more than zero is over the capacity.
    pub const fn with_units(units: usize) -> Semaphore {
        assert!(units <= UNITS_MAX, "a semaphore cannot have so many units");
        Semaphore { core: SemaphoreCore::new(units) }
    }
}

impl<const UNITS: usize> Default for Semaphore<UNITS> {
    fn default() -> Semaphore<UNITS> {
        Semaphore::new()
    }
}

impl<const UNITS: usize> fmt::Debug for Semaphore<UNITS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Semaphore");
        if let Some(name) = self.core.name {
            debug.field("name", &name);
        }
        debug.field("available", &self.available_units()).field("capacity", &self.capacity());
        debug.field("waiters", &self.waiters()).field("broken", &self.core.broken.get()).finish()
    }
}

impl SemaphoreCore {
    const fn new(units: usize) -> SemaphoreCore {
        SemaphoreCore {
            available: Cell::new(units as isize),
            broken: Cell::new(false),
            capacity: units,
            name: None,
            waiters: List::new(),
        }
    }

    /// Nobody may overtake those who wait already, even if their share is there.
    #[inline]
    pub(super) fn try_take(&self, units: usize) -> bool {
        if units > self.capacity || !self.waiters.is_empty() {
            return false;
        }
        // No capacity is above `isize::MAX`, so what is compared as signed is the same number.
        let available = self.available.get();
        if units as isize > available {
            return false;
        }
        self.available.set(available - units as isize);
        true
    }

    /// Whether so many will never be there.
    #[inline]
    pub(super) fn refuses(&self, units: usize) -> bool {
        units > self.capacity || self.broken.get()
    }

    #[inline]
    pub(super) fn give(&self, units: usize) {
        if self.broken.get() {
            return;
        }
        let before = self.available.get();
        let mut after = before.wrapping_add_unsigned(units);
        if after < before {
            cold_path();
            after = isize::MAX;
        }
        self.available.set(after);
        if !self.waiters.is_empty() {
            self.serve();
        }
    }

    /// Hands units to those who wait, oldest first, as far as they go.
    #[cold]
    pub(super) fn serve(&self) {
        while let Some(units) = self.waiters.front()
            && units as isize <= self.available.get()
        {
            self.available.set(self.available.get() - units as isize);
            self.waiters.wake_front(State::Granted);
        }
    }

    pub(super) fn name(&self) -> Option<&'static str> {
        self.name
    }

    /// Returns how many were taken: all, unless the number of what is missing would be too large.
    fn consume(&self, units: usize) -> usize {
        if self.broken.get() {
            return 0;
        }
        let before = self.available.get();
        self.available.set(before.saturating_sub_unsigned(units));
        before.abs_diff(self.available.get())
    }

    #[cold]
    pub(super) fn refusal(&self, units: usize) -> SemaphoreError {
        match (self.name, self.capacity) {
            (name, capacity) if units > capacity => SemaphoreError::OverCapacity { name, units, capacity },
            (name, _) => SemaphoreError::Broken { name },
        }
    }
}

/// A way to hold on to a semaphore: a borrow or an [`Rc`].
#[doc(hidden)]
pub trait Handle: Host<Value = usize> + Clone {
    fn core(&self) -> &SemaphoreCore;
}

// SAFETY: a reference.
unsafe impl Host for &SemaphoreCore {
    type Value = usize;

    #[inline]
    fn list(&self) -> &List<usize> {
        &self.waiters
    }
}

impl Handle for &SemaphoreCore {
    #[inline]
    fn core(&self) -> &SemaphoreCore {
        self
    }
}

// SAFETY: an `Rc`.
unsafe impl<const UNITS: usize> Host for Rc<Semaphore<UNITS>> {
    type Value = usize;

    #[inline]
    fn list(&self) -> &List<usize> {
        &self.core.waiters
    }
}

impl<const UNITS: usize> Handle for Rc<Semaphore<UNITS>> {
    #[inline]
    fn core(&self) -> &SemaphoreCore {
        &self.core
    }
}
