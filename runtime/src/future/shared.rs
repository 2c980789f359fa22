//! One future that many await.

use std::cell::{Cell, OnceCell};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::mem::Counted;
use crate::sync::list::{Host, List, State as Waits, Waiter};
use crate::task::{self, Busy, JoinHandle};

/// What all handles and those who wait know.
struct State<T> {
    output: OnceCell<T>,
    waiters: List<()>,
    /// How many [`SharedFuture`]s and [`SharedWait`]s there are.
    handles: Cell<usize>,
    /// The fiber that runs the future.
    fiber: Cell<Option<JoinHandle<()>>>,
    /// That fiber has ended.
    ended: Cell<bool>,
}

/// A future whose output many can await; each gets a clone (FUT-12).
///
/// The future runs as a fiber from the start, whether anybody waits or not, and is cancelled when the
/// last handle is dropped. A handle is one word, to be cloned and kept: in a cache of what is being fetched, say.
/// Awaiting a handle, or a reference to one, takes no memory beyond the awaiting future.
///
/// ```
/// use std::cell::Cell;
/// use std::rc::Rc;
/// use seastar::future::SharedFuture;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let fetched = Rc::new(Cell::new(0));
///     let count = fetched.clone();
///     let page = SharedFuture::new(async move {
///         seastar::yield_now().await;
///         count.set(count.get() + 1);
///         Ok::<_, String>("hello")
///     });
///     let reader = page.clone();
///     let reader = seastar::spawn(async move { reader.await });
///     assert_eq!((&page).await, Ok("hello"));
///     assert_eq!(reader.await.unwrap(), Ok("hello"));
///     assert_eq!(fetched.get(), 1);
/// }
/// ```
///
/// # Panics
///
/// Whoever awaits it panics if the future does.
#[doc(alias("OnceCell", "shared_promise"))]
#[must_use = "the future is cancelled when the last handle is dropped"]
pub struct SharedFuture<T: Clone + 'static> {
    handle: Handle<T>,
}

/// Counts among the handles.
struct Handle<T> {
    state: Counted<State<T>>,
}

/// The fiber's part: tells those who wait, also when the future panics.
struct Running<T>(Counted<State<T>>);

impl<T: Clone + 'static> SharedFuture<T> {
    /// Starts `future`, for many to await.
    ///
    /// # Panics
    ///
    /// Off a shard, and when the shard's memory budget (`-m`) is used up; [`try_new`](SharedFuture::try_new)
    /// returns that as a value.
    #[track_caller]
    pub fn new(future: impl Future<Output = T> + 'static) -> SharedFuture<T> {
        match SharedFuture::try_new(future) {
            Ok(shared) => shared,
            Err(busy) => panic!("cannot share a future: {busy}"),
        }
    }

    /// Starts `future`, if there is memory for that; it is dropped if not.
    ///
    /// # Errors
    ///
    /// [`Busy`], off a shard too.
    ///
    /// ```
    /// use seastar::future::SharedFuture;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> Result<(), seastar::Busy> {
    ///     let page = SharedFuture::try_new(async { "hello" })?;
    ///     assert_eq!(page.await, "hello");
    ///     Ok(())
    /// }
    /// ```
    #[track_caller]
    pub fn try_new(future: impl Future<Output = T> + 'static) -> Result<SharedFuture<T>, Busy> {
        let state = State {
            output: OnceCell::new(),
            waiters: List::new(),
            handles: Cell::new(1),
            fiber: Cell::new(None),
            ended: Cell::new(false),
        };
        let state = Counted::new(state).map_err(|_| Busy::here())?;
        let running = Running(state.clone());
        let fiber = task::try_spawn(async move {
            let output = future.await;
            let _ = running.0.output.set(output);
        })?;
        state.fiber.set(Some(fiber));
        Ok(SharedFuture { handle: Handle { state } })
    }

    /// One more future of the output, for where `.await` does not do.
    ///
    /// ```
    /// use std::time::Duration;
    /// use seastar::future::{FutureExt, SharedFuture};
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let never = SharedFuture::new(std::future::pending::<()>());
    ///     assert!(never.wait().with_timeout(Duration::from_millis(1)).await.is_err());
    /// }
    /// ```
    pub fn wait(&self) -> SharedWait<T> {
        SharedWait { waiter: Waiter::new(self.handle.clone(), ()) }
    }

    /// The output, if it is there.
    ///
    /// ```
    /// use seastar::future::SharedFuture;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let page = SharedFuture::new(async { "hello" });
    ///     assert_eq!(page.output(), None); // it has not run yet
    ///     (&page).await;
    ///     assert_eq!(page.output(), Some(&"hello"));
    /// }
    /// ```
    pub fn output(&self) -> Option<&T> {
        self.handle.state.output.get()
    }
}

impl<T: Clone + 'static> Clone for SharedFuture<T> {
    fn clone(&self) -> SharedFuture<T> {
        SharedFuture { handle: self.handle.clone() }
    }
}

impl<T: Clone + 'static> IntoFuture for SharedFuture<T> {
    type Output = T;
    type IntoFuture = SharedWait<T>;

    fn into_future(self) -> SharedWait<T> {
        SharedWait { waiter: Waiter::new(self.handle, ()) }
    }
}

impl<T: Clone + 'static> IntoFuture for &SharedFuture<T> {
    type Output = T;
    type IntoFuture = SharedWait<T>;

    fn into_future(self) -> SharedWait<T> {
        self.wait()
    }
}

/// The future of an awaited [`SharedFuture`]. Dropping it stops waiting; it counts as a handle until then.
#[must_use = "futures do nothing until they are awaited"]
pub struct SharedWait<T: Clone + 'static> {
    waiter: Waiter<Handle<T>>,
}

impl<T: Clone + 'static> Future for SharedWait<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        // SAFETY: the only field is pinned with `self`.
        let waiter = unsafe { self.into_ref().map_unchecked(|this| &this.waiter) };
        if let Some(output) = waiter.host().state.output.get() {
            return Poll::Ready(output.clone());
        }
        let ended = waiter.host().state.ended.get();
        assert!(!ended, "a shared future ended without an output: it panicked, or its shard has stopped");
        waiter.wait(context.waker());
        Poll::Pending
    }
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Handle<T> {
        self.state.handles.set(self.state.handles.get() + 1);
        Handle { state: self.state.clone() }
    }
}

impl<T> Drop for Handle<T> {
    fn drop(&mut self) {
        let handles = self.state.handles.get() - 1;
        self.state.handles.set(handles);
        if handles == 0
            && let Some(fiber) = self.state.fiber.take()
        {
            fiber.cancel();
        }
    }
}

// SAFETY: the list lies in the block, whose place does not depend on that of the handle.
unsafe impl<T> Host for Handle<T> {
    type Value = ();

    fn list(&self) -> &List<()> {
        &self.state.waiters
    }
}

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        self.0.ended.set(true);
        self.0.waiters.wake_all(Waits::Told);
    }
}

impl<T: Clone + fmt::Debug> fmt::Debug for SharedFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedFuture")
            .field("output", &self.handle.state.output.get())
            .finish_non_exhaustive()
    }
}

impl<T: Clone> fmt::Debug for SharedWait<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedWait").finish_non_exhaustive()
    }
}
