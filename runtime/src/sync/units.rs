//! Units of a semaphore that somebody holds.

use std::fmt;
use std::rc::Rc;

use super::semaphore::{DYNAMIC, Handle, Semaphore, SemaphoreCore};

/// Units of a [`Semaphore`] that go back when this is dropped (SEM-13).
///
/// ```
/// use seastar::sync::Semaphore;
///
/// let semaphore = Semaphore::<10>::new();
/// let mut units = semaphore.try_acquire(5).unwrap();
/// let two = units.split(2).unwrap();
/// assert_eq!((units.count(), two.count()), (3, 2));
/// drop(two);
/// assert_eq!(semaphore.available_units(), 7);
/// assert_eq!(units.return_units(1), Ok(2));
/// drop(units);
/// assert_eq!(semaphore.available_units(), 10);
/// ```
#[must_use = "dropping the units gives them back at once"]
pub struct Units<H: Handle> {
    semaphore: H,
    count: usize,
}

/// Units that borrow their semaphore. Made by [`Semaphore::acquire`].
pub type SemaphoreUnits<'a> = Units<&'a SemaphoreCore>;

/// Units that keep their semaphore alive, for fibers. Made by [`Semaphore::acquire_owned`].
pub type OwnedSemaphoreUnits<const UNITS: usize = DYNAMIC> = Units<Rc<Semaphore<UNITS>>>;

impl<H: Handle> Units<H> {
    /// Units that were taken from `semaphore`.
    #[inline]
    pub(super) fn new(semaphore: H, count: usize) -> Units<H> {
        Units { semaphore, count }
    }

    /// How many units these are.
    #[inline]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Moves `count` of the units into a value of their own.
    ///
    /// # Errors
    ///
    /// [`NotEnoughUnits`] when there are not so many; then nothing changes.
    pub fn split(&mut self, count: usize) -> Result<Units<H>, NotEnoughUnits> {
        self.count = self.less(count)?;
        Ok(Units::new(self.semaphore.clone(), count))
    }

    /// Gives back `count` of the units, and says how many are left.
    ///
    /// # Errors
    ///
    /// [`NotEnoughUnits`] when there are not so many; then nothing changes.
    pub fn return_units(&mut self, count: usize) -> Result<usize, NotEnoughUnits> {
        self.count = self.less(count)?;
        self.semaphore.core().give(count);
        Ok(self.count)
    }

    /// Gives back all units; there are none to give back later.
    ///
    /// ```
    /// let semaphore = seastar::sync::Semaphore::<10>::new();
    /// let mut units = semaphore.try_acquire(3).unwrap();
    /// units.return_all();
    /// assert_eq!((units.count(), semaphore.available_units()), (0, 10));
    /// ```
    pub fn return_all(&mut self) {
        self.semaphore.core().give(std::mem::take(&mut self.count));
    }

    /// Keeps the units from going back, and says how many they were. [`Semaphore::signal`] brings them back.
    ///
    /// ```
    /// let semaphore = seastar::sync::Semaphore::<10>::new();
    /// let kept = semaphore.try_acquire(3).unwrap().release();
    /// assert_eq!(semaphore.available_units(), 7);
    /// semaphore.signal(kept);
    /// assert_eq!(semaphore.available_units(), 10);
    /// ```
    pub fn release(mut self) -> usize {
        std::mem::take(&mut self.count)
    }

    /// Takes over the units of `other`.
    ///
    /// # Panics
    ///
    /// When they are of another semaphore.
    ///
    /// ```
    /// let semaphore = seastar::sync::Semaphore::<10>::new();
    /// let mut units = semaphore.try_acquire(3).unwrap();
    /// units.adopt(semaphore.try_acquire(4).unwrap());
    /// assert_eq!((units.count(), semaphore.available_units()), (7, 3));
    /// ```
    pub fn adopt(&mut self, mut other: Units<H>) {
        let same = std::ptr::eq(self.semaphore.core(), other.semaphore.core());
        assert!(same, "cannot adopt the units of another semaphore");
        self.count += std::mem::take(&mut other.count);
    }

    fn less(&self, count: usize) -> Result<usize, NotEnoughUnits> {
        self.count.checked_sub(count).ok_or(NotEnoughUnits { asked: count, held: self.count })
    }
}

impl<H: Handle> Drop for Units<H> {
    #[inline]
    fn drop(&mut self) {
        self.semaphore.core().give(self.count);
    }
}

impl<H: Handle> fmt::Debug for Units<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SemaphoreUnits").field("count", &self.count).finish_non_exhaustive()
    }
}

/// More units were asked of a [`SemaphoreUnits`] than it holds.
///
/// ```
/// let semaphore = seastar::sync::Semaphore::<10>::new();
/// let mut units = semaphore.try_acquire(2).unwrap();
/// let error = units.split(3).unwrap_err().to_string();
/// assert_eq!(error, "Cannot take more units than those protected by the semaphore: 3 of 2");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotEnoughUnits {
    asked: usize,
    held: usize,
}

impl fmt::Display for NotEnoughUnits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NotEnoughUnits { asked, held } = self;
        write!(f, "Cannot take more units than those protected by the semaphore: {asked} of {held}")
    }
}

impl std::error::Error for NotEnoughUnits {}
