//! A place for one waker.
//!
//! Wakers of fibers are numbers: keeping one is a store, and waking it a push on the run queue, without
//! the indirect calls through which wakers of other executors are cloned, woken and dropped.

use std::any::Any;
use std::cell::Cell;
use std::fmt::Display;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::task::{RawWakerVTable, Waker};

use super::join::panic_message;
use super::waker::{self, Number};
use super::{raw, tasks};

/// Who waits, if anybody does.
pub(crate) struct WakerSlot {
    data: Cell<*const ()>,
    /// Null when nobody waits.
    vtable: Cell<*const RawWakerVTable>,
}

impl WakerSlot {
    pub(crate) const fn new() -> WakerSlot {
        WakerSlot { data: Cell::new(ptr::null()), vtable: Cell::new(ptr::null()) }
    }

    /// A place that keeps `waker`.
    #[inline]
    pub(crate) fn of(waker: &Waker) -> WakerSlot {
        if waker::is_fiber(waker.vtable()) {
            return WakerSlot { data: Cell::new(waker.data()), vtable: Cell::new(waker.vtable()) };
        }
        let slot = WakerSlot::new();
        slot.set_foreign(waker);
        slot
    }

    /// Keeps `waker`, in place of what was here.
    #[inline]
    pub(crate) fn set(&self, waker: &Waker) {
        let here = self.vtable.get();
        if waker::is_fiber(waker.vtable()) && (here.is_null() || waker::is_fiber(here)) {
            self.data.set(waker.data());
            self.vtable.set(waker.vtable());
        } else {
            self.set_foreign(waker);
        }
    }

    #[cold]
    fn set_foreign(&self, waker: &Waker) {
        if self.vtable.get() == ptr::from_ref(waker.vtable()) && self.data.get() == waker.data() {
            return;
        }
        let kept = ManuallyDrop::new(waker.clone());
        let before = WakerSlot {
            data: Cell::new(self.data.replace(kept.data())),
            vtable: Cell::new(self.vtable.replace(kept.vtable())),
        };
        // Last, because dropping a foreign waker may do anything, such as waking who is here.
        drop(before);
    }

    /// Whether anybody is here.
    #[inline]
    pub(crate) fn is_set(&self) -> bool {
        !self.vtable.get().is_null()
    }

    /// Who is here, to be kept elsewhere.
    #[inline]
    pub(crate) fn take(&self) -> WakerSlot {
        WakerSlot { data: Cell::new(self.data.get()), vtable: Cell::new(self.vtable.replace(ptr::null())) }
    }

    /// Wakes who is here, and forgets it.
    #[inline]
    pub(crate) fn wake(&self) {
        let vtable = self.vtable.get();
        if vtable.is_null() {
            return;
        }
        self.vtable.set(ptr::null());
        if waker::is_fiber(vtable) {
            tasks::wake_number(Number(self.data.get() as u64));
        } else {
            // SAFETY: taken out of a waker that was not dropped, and forgotten here.
            wake(unsafe { Waker::new(self.data.get(), &*vtable) });
        }
    }

    /// Forgets who is here.
    #[inline]
    pub(crate) fn clear(&self) {
        let vtable = self.vtable.get();
        if vtable.is_null() {
            return;
        }
        self.vtable.set(ptr::null());
        if !waker::is_fiber(vtable) {
            // SAFETY: as in `wake`.
            drop(unsafe { Waker::new(self.data.get(), &*vtable) });
        }
    }
}

/// Wakes anybody. Who wakes has others to wake, and may be the loop itself.
#[cold]
pub(crate) fn wake(waker: Waker) {
    guarded("A waker of another executor", || waker.wake());
}

/// Runs code of the user's for somebody who has more to do: where it panics that is said, of `what`, and goes no further.
#[inline]
pub(crate) fn guarded(what: impl Display, run: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(run)) {
        report(&what, panic);
    }
}

#[cold]
fn report(what: &dyn Display, panic: Box<dyn Any + Send>) {
    // A logger that panics as well has no say.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let message = panic_message(&*panic);
        say!(Error, "{what} panicked: {message}");
    }));
    raw::drop_quietly(panic);
}

impl Drop for WakerSlot {
    #[inline]
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_foreign_waker_is_woken_once_and_dropped() {
        let count = Arc::new(Count(AtomicUsize::new(0)));
        let waker = Waker::from(count.clone());
        let slot = WakerSlot::new();
        slot.set(&waker);
        slot.set(&waker);
        assert_eq!(Arc::strong_count(&count), 3);
        slot.wake();
        slot.wake();
        assert_eq!((count.0.load(Ordering::Relaxed), Arc::strong_count(&count)), (1, 2));
        slot.set(&waker);
        slot.set(Waker::noop());
        assert_eq!(Arc::strong_count(&count), 2);
        slot.set(&waker);
        drop(slot);
        assert_eq!(Arc::strong_count(&count), 2);
    }
}
