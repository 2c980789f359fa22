//! A value that one fiber at a time may use, also across awaits.

use std::cell::{Cell, UnsafeCell};
use std::fmt;
use std::ops::{Deref, DerefMut};

use super::limit::Why;
use super::list::{Host, List, State, Waiter};
use super::wait::{GaveUp, Request, Wait};

/// A value that one fiber at a time may use, for as long as it likes, also while it awaits.
///
/// Fibers of one shard take turns anyway, so what does not span an `await` needs no mutex: a [`Cell`] will do. Those
/// who wait get the value in the order in which they asked. There is no poison: a panic unlocks.
///
/// ```
/// use seastar::sync::Mutex;
/// use std::rc::Rc;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let log = Rc::new(Mutex::new(Vec::new()));
///     let copy = log.clone();
///     let fiber = seastar::spawn(async move {
///         let mut log = copy.lock().await;
///         log.push("begin");
///         seastar::yield_now().await;
///         log.push("end");
///     });
///     seastar::yield_now().await;
///     log.lock().await.push("after");
///     fiber.await.unwrap();
///     assert_eq!(*log.lock().await, ["begin", "end", "after"]);
/// }
/// ```
pub struct Mutex<T: ?Sized> {
    locked: Cell<bool>,
    waiters: List<()>,
    value: UnsafeCell<T>,
}

impl<T> Mutex<T> {
    /// A mutex that is not locked.
    pub const fn new(value: T) -> Mutex<T> {
        Mutex { locked: Cell::new(false), waiters: List::new(), value: UnsafeCell::new(value) }
    }

    /// The value.
    ///
    /// ```
    /// assert_eq!(seastar::sync::Mutex::new(7).into_inner(), 7);
    /// ```
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits for the value, first come, first served.
    ///
    /// Does not fail, unless the wait may be [given up](super::Limit). Dropping the future leaves the line, or passes the value on. A fiber that locks
    /// what it holds itself waits for ever.
    #[inline]
    pub fn lock(&self) -> Wait<Locking<'_, T>> {
        Wait::new(Locking(self), ())
    }

    /// The value, if nobody uses it.
    ///
    /// ```
    /// let mutex = seastar::sync::Mutex::new(7);
    /// let guard = mutex.try_lock().unwrap();
    /// assert!(mutex.try_lock().is_none());
    /// drop(guard);
    /// assert_eq!(*mutex.try_lock().unwrap(), 7);
    /// ```
    #[inline]
    #[must_use = "the mutex is unlocked at once when nobody keeps the guard"]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        (!self.locked.replace(true)).then(|| MutexGuard { mutex: self })
    }

    /// Whether somebody uses the value.
    ///
    /// ```
    /// let mutex = seastar::sync::Mutex::new(7);
    /// let guard = mutex.try_lock();
    /// assert!(mutex.is_locked());
    /// drop(guard);
    /// assert!(!mutex.is_locked());
    /// ```
    pub fn is_locked(&self) -> bool {
        self.locked.get()
    }

    /// The value, without locking: whoever has the mutex itself is alone with it.
    ///
    /// ```
    /// let mut mutex = seastar::sync::Mutex::new(7);
    /// *mutex.get_mut() += 1;
    /// assert_eq!(mutex.into_inner(), 8);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    #[inline]
    fn unlock(&self) {
        if self.waiters.is_empty() {
            self.locked.set(false);
        } else {
            self.pass_on();
        }
    }

    /// It stays locked, so that nobody gets between the two.
    #[cold]
    fn pass_on(&self) {
        self.waiters.wake_front(State::Granted);
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Mutex<T> {
        Mutex::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Mutex");
        match self.try_lock() {
            Some(value) => debug.field("value", &&*value),
            None => debug.field("value", &format_args!("<locked>")),
        };
        debug.field("waiters", &self.waiters.len()).finish()
    }
}

/// What [`Mutex::lock`] waits for.
pub struct Locking<'a, T: ?Sized>(&'a Mutex<T>);

// SAFETY: a reference.
unsafe impl<T: ?Sized> Host for Locking<'_, T> {
    type Value = ();

    #[inline]
    fn list(&self) -> &List<()> {
        &self.0.waiters
    }
}

impl<'a, T: ?Sized> Request for Locking<'a, T> {
    type Output = MutexGuard<'a, T>;
    type Limited = Result<MutexGuard<'a, T>, GaveUp>;

    #[inline]
    fn take_now(waiter: &Waiter<Self>) -> Option<Self::Output> {
        waiter.host().0.try_lock()
    }

    #[inline]
    fn woken(waiter: &Waiter<Self>, _: State) -> Option<Self::Output> {
        Some(MutexGuard { mutex: waiter.host().0 })
    }

    #[cold]
    fn hand_on(waiter: &Waiter<Self>, state: State) {
        if state == State::Granted {
            waiter.host().0.unlock();
        }
    }

    fn granted(guard: Self::Output) -> Self::Limited {
        Ok(guard)
    }

    fn given_up(_: &Waiter<Self>, why: Why) -> Self::Limited {
        Err(why.into())
    }
}

/// The value of a [`Mutex`], which is unlocked when this is dropped. Made by [`Mutex::lock`].
#[must_use = "dropping the guard unlocks the mutex at once"]
pub struct MutexGuard<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: there is one guard at a time, and the mutex cannot be moved or asked otherwise meanwhile.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; and this guard is borrowed.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.mutex.unlock();
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
