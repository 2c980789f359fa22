//! A value that many fibers may read, or one may change, also across awaits.

use std::cell::{Cell, UnsafeCell};
use std::fmt;
use std::ops::{Deref, DerefMut};

use super::limit::Why;
use super::list::{Host, List, State, Waiter};
use super::wait::{GaveUp, Request, Wait};

/// In place of a number of readers.
const WRITTEN: isize = -1;

/// A value that many fibers read, or one changes, also while they await (LOCK-2, LOCK-3).
///
/// First come, first served: a writer that waits keeps later readers out, and when it is done, the readers at the front
/// get in together.
///
/// ```
/// use seastar::sync::RwLock;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let routes = RwLock::new(vec!["a"]);
///     let (one, two) = (routes.read().await, routes.read().await);
///     assert!(one.len() == 1 && two.len() == 1 && routes.try_write().is_none());
///     drop((one, two));
///     routes.write().await.push("b");
///     assert_eq!(*routes.read().await, ["a", "b"]);
/// }
/// ```
#[doc(alias = "shared_mutex")]
pub struct RwLock<T: ?Sized> {
    /// How many read, or `WRITTEN`.
    readers: Cell<isize>,
    waiters: List<Access>,
    value: UnsafeCell<T>,
}

/// What somebody wants to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
}

impl<T> RwLock<T> {
    /// A lock that nobody holds.
    pub const fn new(value: T) -> RwLock<T> {
        RwLock { readers: Cell::new(0), waiters: List::new(), value: UnsafeCell::new(value) }
    }

    /// The value.
    ///
    /// ```
    /// assert_eq!(seastar::sync::RwLock::new(7).into_inner(), 7);
    /// ```
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Waits until nobody writes, or waits to.
    ///
    /// Does not fail, unless the wait may be [given up](super::Limit). Dropping the future leaves the line, or ends the reading.
    #[inline]
    pub fn read(&self) -> Wait<Reading<'_, T>> {
        Wait::new(Reading(self), Access::Read)
    }

    /// Waits until nobody reads or writes.
    ///
    /// Does not fail, unless the wait may be [given up](super::Limit). Dropping the future leaves the line, or ends the writing; readers who waited
    /// behind it go ahead.
    #[inline]
    pub fn write(&self) -> Wait<Writing<'_, T>> {
        Wait::new(Writing(self), Access::Write)
    }

    /// The value to read, unless somebody writes, or anybody waits.
    ///
    /// ```
    /// let routes = seastar::sync::RwLock::new(["a"]);
    /// let one = routes.try_read().unwrap();
    /// assert!(routes.try_read().is_some()); // readers do not keep each other out
    /// drop(one);
    /// let writer = routes.try_write();
    /// assert!(routes.try_read().is_none());
    /// drop(writer);
    /// ```
    #[inline]
    #[must_use = "the reading ends at once when nobody keeps the guard"]
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        let free = self.readers.get() != WRITTEN && self.waiters.is_empty();
        free.then(|| {
            self.readers.set(self.readers.get() + 1);
            RwLockReadGuard { lock: self }
        })
    }

    /// The value to change, unless somebody reads or writes.
    #[inline]
    #[must_use = "the writing ends at once when nobody keeps the guard"]
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        // If nobody holds it, nobody waits.
        (self.readers.get() == 0).then(|| {
            self.readers.set(WRITTEN);
            RwLockWriteGuard { lock: self }
        })
    }

    /// The value, without locking: whoever has the lock itself is alone with it.
    ///
    /// ```
    /// let mut lock = seastar::sync::RwLock::new(7);
    /// *lock.get_mut() += 1;
    /// assert_eq!(lock.into_inner(), 8);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    #[inline]
    fn leave(&self, access: Access) {
        self.readers.set(if access == Access::Write { 0 } else { self.readers.get() - 1 });
        if !self.waiters.is_empty() {
            self.serve();
        }
    }

    /// Lets in the writer at the front, or all readers there.
    #[cold]
    fn serve(&self) {
        while let Some(access) = self.waiters.front() {
            match (access, self.readers.get()) {
                (Access::Write, 0) => self.readers.set(WRITTEN),
                (Access::Read, readers) if readers != WRITTEN => self.readers.set(readers + 1),
                _ => return,
            }
            self.waiters.wake_front(State::Granted);
        }
    }

    #[cold]
    fn hand_on(&self, access: Access, state: State) {
        match state {
            State::Granted => self.leave(access),
            // Readers behind a writer that gave up may go ahead.
            _ => self.serve(),
        }
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> RwLock<T> {
        RwLock::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("RwLock");
        match self.try_read() {
            Some(value) => debug.field("value", &&*value),
            None => debug.field("value", &format_args!("<locked>")),
        };
        debug.field("waiters", &self.waiters.len()).finish()
    }
}

/// What [`RwLock::read`] waits for.
pub struct Reading<'a, T: ?Sized>(&'a RwLock<T>);

/// What [`RwLock::write`] waits for.
pub struct Writing<'a, T: ?Sized>(&'a RwLock<T>);

macro_rules! request {
    ($request:ident, $guard:ident, $try:ident) => {
        // SAFETY: a reference.
        unsafe impl<T: ?Sized> Host for $request<'_, T> {
            type Value = Access;

            #[inline]
            fn list(&self) -> &List<Access> {
                &self.0.waiters
            }
        }

        impl<'a, T: ?Sized> Request for $request<'a, T> {
            type Output = $guard<'a, T>;
            type Limited = Result<$guard<'a, T>, GaveUp>;

            #[inline]
            fn take_now(waiter: &Waiter<Self>) -> Option<Self::Output> {
                waiter.host().0.$try()
            }

            #[inline]
            fn woken(waiter: &Waiter<Self>, _: State) -> Option<Self::Output> {
                Some($guard { lock: waiter.host().0 })
            }

            fn hand_on(waiter: &Waiter<Self>, state: State) {
                waiter.host().0.hand_on(waiter.value(), state);
            }

            fn granted(guard: Self::Output) -> Self::Limited {
                Ok(guard)
            }

            fn given_up(_: &Waiter<Self>, why: Why) -> Self::Limited {
                Err(why.into())
            }
        }
    };
}

request!(Reading, RwLockReadGuard, try_read);
request!(Writing, RwLockWriteGuard, try_write);

/// The value of an [`RwLock`] to read, until this is dropped. Made by [`RwLock::read`].
#[must_use = "dropping the guard ends the reading at once"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
}

/// The value of an [`RwLock`] to change, until this is dropped. Made by [`RwLock::write`].
#[must_use = "dropping the guard ends the writing at once"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: while there are guards of this kind, there is none for writing.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this is the only guard.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this is the only guard, and it is borrowed.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T: ?Sized> Drop for RwLockReadGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.leave(Access::Read);
    }
}

impl<T: ?Sized> Drop for RwLockWriteGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.leave(Access::Write);
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
