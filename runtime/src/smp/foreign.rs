//! A value that stays on its shard while its owner travels.

use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering, fence};

use super::dock::Docks;
use super::{Message, mesh, submit_to};
use crate::mem::{self, class};
use crate::task::guarded;

/// The part that does not depend on the type.
pub(super) struct Head {
    /// The owner and calls that are on their way.
    references: AtomicUsize,
    docks: Docks,
    shard: u32,
    free: unsafe fn(NonNull<Head>),
}

#[repr(C)]
struct Inner<T> {
    head: Head,
    value: T,
}

/// Owns a value that stays on the shard that made it, and may itself go to any other (SMP-6).
///
/// So what cannot leave its shard (an `Rc`, a connection, an instance of a service) can be held from elsewhere, sent around, and
/// sent back. The value is used on its own shard: there by [`get`](Self::get), from elsewhere by [`invoke`](Self::invoke); a value
/// that is `Sync` can be read everywhere. Whoever drops the pointer, the value is dropped at home: nothing is
/// allocated for that, and it works also while the shards stop.
///
/// ```
/// use seastar::{ForeignPtr, submit_to, this_shard};
/// use std::cell::Cell;
/// use std::rc::Rc;
///
/// #[seastar::main(shards = 2, overprovisioned = true)]
/// async fn main() {
///     let count = submit_to(1, async || ForeignPtr::new(Rc::new(Cell::new(1)))).await;
///     assert_eq!((this_shard(), count.shard(), count.get()), (0, 1, None));
///     let before = count.invoke(async |count: &Rc<Cell<i32>>| count.replace(2)).await;
///     assert_eq!(before, 1);
/// }
/// ```
///
/// On a thread that is no shard of the program, it can be dropped too; where its shard has ended by then, the value is leaked.
pub struct ForeignPtr<T: 'static> {
    inner: NonNull<Inner<T>>,
    value: PhantomData<T>,
}

// SAFETY: the value is used and dropped on its own shard, unless it is `Sync`, when references may be anywhere; what is
// in the head is for all threads.
unsafe impl<T> Send for ForeignPtr<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for ForeignPtr<T> {}

impl<T: 'static> ForeignPtr<T> {
    const CLASS: usize = {
        assert!(align_of::<Inner<T>>() <= class::BLOCK_ALIGN, "a foreign value may be aligned to 32 at most");
        class::class_of(size_of::<Inner<T>>())
    };

    /// Moves a value into the memory of this shard, which becomes its home.
    ///
    /// # Panics
    ///
    /// On a thread that is no shard, and if this shard's memory budget is used up.
    pub fn new(value: T) -> ForeignPtr<T> {
        let home = mesh::with_docks(|docks, shard| (docks.clone(), shard));
        let (docks, shard) = home.expect("a foreign pointer is made on a shard");
        let Some(block) = mem::take(Self::CLASS) else {
            panic!("no memory for a foreign pointer: the budget of this shard is used up (see --memory)")
        };
        let inner = block.cast::<Inner<T>>();
        let head = Head { references: AtomicUsize::new(1), docks, shard, free: Self::free };
        // SAFETY: a fresh block of the class that holds an inner of this type.
        unsafe { inner.write(Inner { head, value }) };
        ForeignPtr { inner, value: PhantomData }
    }

    /// The shard that the value is on.
    pub fn shard(&self) -> usize {
        self.head().shard as usize
    }

    /// The value, on its own shard; `None` on others.
    pub fn get(&self) -> Option<&T> {
        // SAFETY: alive while this pointer is; this is its thread.
        is_home(self.head()).then(|| unsafe { &(*self.inner.as_ptr()).value })
    }

    /// The value, on its own shard and while no call is using it; `None` otherwise.
    ///
    /// ```
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let mut count = seastar::ForeignPtr::new(1);
    ///     *count.get_mut().unwrap() += 1;
    ///     assert_eq!(count.get(), Some(&2));
    /// }
    /// ```
    pub fn get_mut(&mut self) -> Option<&mut T> {
        // SAFETY: as above, and nobody else refers to it.
        self.is_only().then(|| unsafe { &mut (*self.inner.as_ptr()).value })
    }

    /// The value itself, on its own shard and while no call is using it.
    ///
    /// # Errors
    ///
    /// The pointer, on other shards and while a call is using it.
    ///
    /// ```
    /// use seastar::{ForeignPtr, submit_to};
    /// use std::rc::Rc;
    ///
    /// #[seastar::main(shards = 2, overprovisioned = true)]
    /// async fn main() {
    ///     let pointer = ForeignPtr::new(Rc::new(7));
    ///     let pointer = submit_to(1, async move || pointer.into_inner().unwrap_err()).await;
    ///     assert_eq!(*pointer.into_inner().unwrap(), 7);
    /// }
    /// ```
    pub fn into_inner(self) -> Result<T, ForeignPtr<T>> {
        if !self.is_only() {
            return Err(self);
        }
        let this = ManuallyDrop::new(self);
        // SAFETY: this is the only reference, on its own thread, and it is not dropped: its parts are taken apart here, once.
        unsafe {
            let inner = this.inner.as_ptr();
            let value = (&raw const (*inner).value).read();
            (&raw mut (*inner).head).drop_in_place();
            mem::give(Self::CLASS, this.inner.cast());
            Ok(value)
        }
    }

    /// Runs `call` on the value, on its own shard, as [`submit_to`] does.
    ///
    /// The value stays until the call has ended, also if this pointer is dropped meanwhile.
    ///
    /// # Panics
    ///
    /// As [`submit_to`] does, and on a shard of another program.
    #[track_caller]
    pub fn invoke<F, U>(&self, call: F) -> impl Future<Output = U> + use<F, U, T>
    where
        F: AsyncFnOnce(&T) -> U + Send + 'static,
        U: Message,
    {
        assert!(is_of_this_program(self.head()), "a foreign pointer of another program cannot be used here");
        let again = self.again();
        submit_to(self.shard(), async move || {
            let value = again.get().expect("a call comes to the shard that it was sent to");
            call(value).await
        })
    }

    /// A pointer to a clone of the value, made on the same shard. Dropping the future lets the call finish there, and drops the clone.
    ///
    /// # Panics
    ///
    /// As [`invoke`](Self::invoke) does.
    ///
    /// ```
    /// use seastar::{ForeignPtr, submit_to};
    /// use std::rc::Rc;
    ///
    /// #[seastar::main(shards = 2, overprovisioned = true)]
    /// async fn main() {
    ///     let one = submit_to(1, async || ForeignPtr::new(Rc::new(7))).await;
    ///     let other = one.copy().await;
    ///     assert_eq!(other.shard(), 1);
    ///     assert_eq!(other.invoke(async |value: &Rc<i32>| Rc::strong_count(value)).await, 2);
    /// }
    /// ```
    #[track_caller]
    pub fn copy(&self) -> impl Future<Output = ForeignPtr<T>> + use<T>
    where
        T: Clone,
    {
        self.invoke(async |value: &T| ForeignPtr::new(value.clone()))
    }

    /// One more reference, for a call.
    fn again(&self) -> ForeignPtr<T> {
        // Only the owner makes calls, and forgotten ones are bounded by the memory of their closures.
        self.head().references.fetch_add(1, Ordering::Relaxed);
        ForeignPtr { inner: self.inner, value: PhantomData }
    }

    fn is_only(&self) -> bool {
        // Acquire: what calls did, also those that are dropped elsewhere, is over.
        is_home(self.head()) && self.head().references.load(Ordering::Acquire) == 1
    }

    fn head(&self) -> &Head {
        // SAFETY: alive while this pointer is.
        unsafe { &(*self.inner.as_ptr()).head }
    }

    unsafe fn free(head: NonNull<Head>) {
        /// Gives the block back, also when dropping the value panics.
        struct Block(NonNull<u8>, usize);

        impl Drop for Block {
            fn drop(&mut self) {
                // SAFETY: taken for the value, to which nobody refers any more.
                unsafe { mem::give(self.1, self.0) };
            }
        }

        let _block = Block(head.cast(), Self::CLASS);
        // SAFETY: the last reference is gone, this is the thread of the value, and the type is that of `new`.
        unsafe { head.cast::<Inner<T>>().drop_in_place() };
    }
}

/// Whether this thread is a shard of the value's program.
fn is_of_this_program(head: &Head) -> bool {
    mesh::with_docks(|docks, _| is_same(docks, &head.docks)).unwrap_or(false)
}

/// Whether this thread is the shard of the value.
fn is_home(head: &Head) -> bool {
    mesh::with_docks(|docks, shard| shard == head.shard && is_same(docks, &head.docks)).unwrap_or(false)
}

fn is_same(one: &Docks, other: &Docks) -> bool {
    std::ptr::addr_eq(&raw const **one, &raw const **other)
}

/// A value that anybody may read.
impl<T: Sync + 'static> Deref for ForeignPtr<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: alive while this pointer is, and shared references to it may be on any thread.
        unsafe { &(*self.inner.as_ptr()).value }
    }
}

impl<T> Drop for ForeignPtr<T> {
    fn drop(&mut self) {
        // Release, and acquire by the last: all use is before the drop.
        if self.head().references.fetch_sub(1, Ordering::Release) != 1 {
            return;
        }
        fence(Ordering::Acquire);
        let head = self.inner.cast::<Head>();
        if is_home(self.head()) {
            // SAFETY: the last reference, at home.
            unsafe { (self.head().free)(head) }
        } else if is_of_this_program(self.head()) {
            mesh::send_home(self.head().shard, head);
        } else {
            self.post_home(head);
        }
    }
}

impl<T> ForeignPtr<T> {
    /// Sends the value home from a thread that is no shard of its program.
    #[cold]
    fn post_home(&self, head: NonNull<Head>) {
        /// A value on its way home.
        struct Home(NonNull<Head>);

        impl Drop for Home {
            /// Where the job was run or, when its shard ends, dropped.
            fn drop(&mut self) {
                // SAFETY: the last reference. On another thread the shard has ended, nobody comes to drop the value, and it is leaked.
                unsafe {
                    match is_home(self.0.as_ref()) {
                        true => returned(self.0),
                        false => (&raw mut (*self.0.as_ptr()).docks).drop_in_place(),
                    }
                }
            }
        }

        // SAFETY: used on the shard of the value.
        unsafe impl Send for Home {}

        let docks = self.head().docks.clone();
        let dock = &docks[self.head().shard as usize];
        let home = Home(head);
        let _ = dock.post(Box::new(move || drop(home)));
    }
}

/// A value is at home again, to be dropped.
///
/// # Safety
///
/// Nobody refers to it any more, and this is its shard.
pub(super) unsafe fn returned(head: NonNull<Head>) {
    // SAFETY: promised by the caller.
    guarded("The drop of a foreign value", || unsafe { (head.as_ref().free)(head) });
}

impl<T> fmt::Debug for ForeignPtr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForeignPtr").field("shard", &self.shard()).finish_non_exhaustive()
    }
}
