//! One instance in its shard's arena, and the references to it.

use std::cell::Cell;
use std::fmt;
use std::future::poll_fn;
use std::ops::Deref;
use std::ptr::NonNull;
use std::task::Poll;

use super::Service;
use crate::mem::{self, class};
use crate::task::WakerSlot;

/// The part that does not depend on the type.
pub(super) struct Head {
    references: Cell<usize>,
    /// Who waits to have the only reference.
    waker: WakerSlot,
    free: unsafe fn(NonNull<Head>),
}

#[repr(C)]
struct Instance<S> {
    head: Head,
    service: S,
}

/// This shard's instance of a service: what [`Sharded::local`](crate::Sharded::local) returns. It derefs to the service.
///
/// The instance stays while it is held, and a service that is being stopped waits for that. Stays on its shard.
///
/// ```
/// use seastar::{Local, NotRunning, Service, Sharded};
/// use std::cell::Cell;
///
/// struct Counter(Cell<u64>);
///
/// impl Service for Counter {
///     type Stopped = ();
/// }
///
/// /// What belongs to one shard takes its instance along.
/// fn count(here: &Local<Counter>) -> u64 {
///     here.0.set(here.0.get() + 1);
///     here.0.get()
/// }
///
/// #[seastar::main(shards = 1)]
/// async fn main() -> Result<(), NotRunning> {
///     let counter = Sharded::start(async |_| Counter(Cell::new(0))).await;
///     assert_eq!(count(&counter.local()?), 1);
///     Ok(())
/// }
/// ```
pub struct Local<S> {
    instance: NonNull<Instance<S>>,
}

/// A reference to an instance of whatever type.
pub(super) struct Held(NonNull<Head>);

impl<S: Service> Local<S> {
    const CLASS: usize = {
        assert!(align_of::<Instance<S>>() <= class::BLOCK_ALIGN, "a service may be aligned to 32 at most");
        class::class_of(size_of::<Instance<S>>())
    };

    /// Moves a service into the arena; `None` if there is no memory.
    pub(super) fn new(service: S) -> Option<Local<S>> {
        let instance = mem::take(Self::CLASS)?.cast::<Instance<S>>();
        let head = Head { references: Cell::new(1), waker: WakerSlot::new(), free: Self::free };
        // SAFETY: a fresh block of the class that holds an instance of this type.
        unsafe { instance.write(Instance { head, service }) };
        Some(Local { instance })
    }

    unsafe fn free(head: NonNull<Head>) {
        /// Gives the block back, also when dropping the service panics.
        struct Block(NonNull<u8>, usize);

        impl Drop for Block {
            fn drop(&mut self) {
                // SAFETY: taken for the instance, to which nobody refers any more.
                unsafe { mem::give(self.1, self.0) };
            }
        }

        let _block = Block(head.cast(), Self::CLASS);
        // SAFETY: the last reference is gone, and the head is that of an instance of this type.
        unsafe { head.cast::<Instance<S>>().drop_in_place() };
    }

    /// The service for as long as the program, for all that the type says.
    ///
    /// # Safety
    ///
    /// It is not used when this reference is gone.
    #[inline]
    pub(super) unsafe fn unbound(&self) -> &'static S {
        // SAFETY: alive while this reference is; the rest is promised by the caller.
        unsafe { &(*self.instance.as_ptr()).service }
    }
}

impl<S> Local<S> {
    /// The reference without its type.
    pub(super) fn erase(self) -> Held {
        let head = self.instance.cast();
        std::mem::forget(self);
        Held(head)
    }
}

impl Held {
    /// One more reference.
    ///
    /// # Safety
    ///
    /// It is an instance of `S`.
    #[inline]
    pub(super) unsafe fn local<S>(&self) -> Local<S> {
        retain(self.0);
        Local { instance: self.0.cast() }
    }

    /// Waits until there is no other reference.
    pub(super) async fn alone(&self) {
        poll_fn(|context| {
            // SAFETY: alive while this reference is.
            let head = unsafe { self.0.as_ref() };
            if head.references.get() == 1 {
                return Poll::Ready(());
            }
            head.waker.set(context.waker());
            Poll::Pending
        })
        .await;
    }
}

#[inline]
fn retain(head: NonNull<Head>) {
    // SAFETY: callers have a reference.
    let references = unsafe { &head.as_ref().references };
    references.set(references.get().checked_add(1).expect("too many references to one instance"));
}

#[inline]
fn release(head: NonNull<Head>) {
    // SAFETY: callers have a reference, and give it back here.
    unsafe {
        let references = head.as_ref().references.get() - 1;
        head.as_ref().references.set(references);
        match references {
            0 => (head.as_ref().free)(head),
            1 => head.as_ref().waker.wake(),
            _ => {}
        }
    }
}

impl<S> Deref for Local<S> {
    type Target = S;

    #[inline]
    fn deref(&self) -> &S {
        // SAFETY: alive while this reference is.
        unsafe { &(*self.instance.as_ptr()).service }
    }
}

impl<S> Clone for Local<S> {
    fn clone(&self) -> Local<S> {
        retain(self.instance.cast());
        Local { instance: self.instance }
    }
}

impl<S> Drop for Local<S> {
    #[inline]
    fn drop(&mut self) {
        release(self.instance.cast());
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        release(self.0);
    }
}

impl<S: fmt::Debug> fmt::Debug for Local<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Local").field(&**self).finish()
    }
}
