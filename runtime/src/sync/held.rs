//! What `with_lock!` makes of locks and their guards.

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
    /// There are two ways.
    fn lock(&self) -> std::future::Pending<()>
    where
        Self: HasOneWay,
    {
        std::future::pending()
    }
}

impl<T: ?Sized> LockOneWay for RwLock<T> {}

/// Never so.
#[diagnostic::on_unimplemented(
    message = "a `RwLock` is locked for reading or for writing; write `name = lock.read() => ..` or `name = lock.write() => ..`",
    label = "to read or to write?"
)]
pub trait HasOneWay {}
