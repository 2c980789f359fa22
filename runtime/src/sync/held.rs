//! What `with_lock!` makes of locks and their guards.

use std::future::{Pending, pending};

use super::mutex::MutexGuard;
use super::rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Something that was locked.
#[diagnostic::on_unimplemented(
    message = "`with_lock!` holds guards of `seastar::sync::Mutex` and `RwLock`, and this gives `{Self}`",
    label = "not a guard of these locks"
)]
pub trait Held {
    /// A reference to what the lock protects.
    type Value<'a>
    where
        Self: 'a;

    /// What the lock protects.
    fn held(&mut self) -> Self::Value<'_>;
}

impl<T: ?Sized> Held for MutexGuard<'_, T> {
    type Value<'a>
        = &'a mut T
    where
        Self: 'a;

    #[inline]
    fn held(&mut self) -> &mut T {
        self
    }
}

impl<T: ?Sized> Held for RwLockWriteGuard<'_, T> {
    type Value<'a>
        = &'a mut T
    where
        Self: 'a;

    #[inline]
    fn held(&mut self) -> &mut T {
        self
    }
}

impl<T: ?Sized> Held for RwLockReadGuard<'_, T> {
    type Value<'a>
        = &'a T
    where
        Self: 'a;

    #[inline]
    fn held(&mut self) -> &T {
        self
    }
}

/// A guard that was got in time, which has been checked.
impl<G: Held> Held for Option<G> {
    type Value<'a>
        = G::Value<'a>
    where
        Self: 'a;

    #[inline]
    fn held(&mut self) -> G::Value<'_> {
        self.as_mut().expect("a guard or an error").held()
    }
}

/// Stands where a lock is to be locked without saying how.
pub trait LockOneWay {
    /// Something to go on with, so that there is one message.
    type Guard<'a>
    where
        Self: 'a;

    /// There are two ways.
    fn lock(&self) -> Pending<Self::Guard<'_>>
    where
        Self: HasOneWay,
    {
        pending()
    }
}

impl<T: ?Sized> LockOneWay for RwLock<T> {
    type Guard<'a>
        = RwLockWriteGuard<'a, T>
    where
        Self: 'a;
}

/// Never so.
#[diagnostic::on_unimplemented(
    message = "a `RwLock` is locked for reading or for writing; write `name = lock.read() => ..` or `name = lock.write() => ..`",
    label = "to read or to write?"
)]
pub trait HasOneWay {}
