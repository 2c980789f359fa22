//! Reading the result of a fiber.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use super::raw::{self, CANCELLED, DAEMON, DONE, Header};
use super::{running, tasks};

/// The other end of a fiber: a future of its result.
///
/// Dropping the handle lets the fiber run on by itself. If it then ends with an `Err` or a panic,
/// the failure is logged and counted (FUT-9), because nobody else will ever see it.
///
/// ```
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let handle = seastar::spawn(async { 2 + 2 });
///     assert_eq!(handle.await.unwrap(), 4);
/// }
/// ```
#[must_use = "a fiber whose handle is dropped runs on by itself, and its failure is only logged; await the handle, or `detach` it"]
pub struct JoinHandle<T> {
    task: NonNull<Header>,
    result: PhantomData<*const T>,
}

impl<T> JoinHandle<T> {
    /// The handle of a task that was just started with HANDLE.
    pub(super) fn new(task: NonNull<Header>) -> JoinHandle<T> {
        JoinHandle { task, result: PhantomData }
    }

    /// Whether the fiber has ended, so that awaiting the handle will not wait.
    ///
    /// ```
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let handle = seastar::spawn(async { 7 });
    ///     assert!(!handle.is_finished());
    ///     seastar::yield_now().await;
    ///     assert!(handle.is_finished());
    ///     assert_eq!(handle.await.unwrap(), 7);
    /// }
    /// ```
    pub fn is_finished(&self) -> bool {
        self.header().state.has(DONE)
    }

    /// Ends the fiber where it stands: its future is dropped, and the handle's result is
    /// [`JoinError::is_cancelled`]. A fiber that has ended already keeps its result.
    ///
    /// ```
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let handle = seastar::spawn(std::future::pending::<()>());
    ///     handle.cancel();
    ///     assert!(handle.await.unwrap_err().is_cancelled());
    /// }
    /// ```
    #[doc(alias = "abort")]
    pub fn cancel(&self) {
        running::cancel(self.task);
    }

    /// Lets the fiber run on by itself, as dropping the handle does, and says so: its failure is logged and
    /// counted (FUT-9).
    ///
    /// ```
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     seastar::spawn(async { Err::<(), _>("nobody reads this") }).detach();
    ///     seastar::yield_now().await;
    ///     assert_eq!(seastar::abandoned_failures(), 1);
    /// }
    /// ```
    pub fn detach(self) {}

    #[inline]
    /// Marks the fiber as a daemon: one that a service has for itself, and that ends when the service stops.
    ///
    /// When the program is told to stop, services are stopped as soon as main and all fibers but daemons have ended. If a service has a fiber for
    /// ever that is none, they wait for half of the grace period. For [`background!`](crate::background) there are
    /// [gates](crate::sync::Gate::daemon) that do this.
    ///
    /// ```
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let tidying = seastar::spawn(async { std::future::pending::<()>().await }).daemon();
    ///     // ... and in the service's `stop`:
    ///     tidying.cancel();
    /// }
    /// ```
    pub fn daemon(self) -> JoinHandle<T> {
        if !self.is_finished() {
            self.header().marks.set(DAEMON);
            tasks::expect_daemons();
        }
        self
    }

    fn header(&self) -> &Header {
        // SAFETY: while HANDLE is set, which is until this handle is dropped, the slot is not freed.
        unsafe { self.task.as_ref() }
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let task = self.header();
        if !task.state.has(DONE) {
            task.joiner.set(context.waker());
            return Poll::Pending;
        }
        if task.marks.has(CANCELLED) {
            return Poll::Ready(Err(JoinError { panic: None }));
        }
        // SAFETY: DONE and not CANCELLED; `T` is the output by construction. CANCELLED from now on, so
        // that nobody takes it again.
        let output = unsafe { raw::take_output(self.task) };
        task.marks.set(CANCELLED);
        Poll::Ready(output.map_err(|panic| JoinError { panic: Some(Mutex::new(panic)) }))
    }
}

impl<T> Drop for JoinHandle<T> {
    #[inline]
    fn drop(&mut self) {
        running::let_go(self.task);
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").field("finished", &self.is_finished()).finish_non_exhaustive()
    }
}

/// Why a fiber has no result: it panicked, or was [cancelled](JoinHandle::cancel), also because its shard stopped.
///
/// ```
/// use std::io;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let fiber = seastar::spawn(async { panic!("no more") });
///     let error = fiber.await.unwrap_err();
///     assert!(error.is_panic() && !error.is_cancelled());
///     assert_eq!(error.to_string(), "the fiber panicked: no more");
///     let payload = error.try_into_panic().unwrap();
///     assert_eq!(payload.downcast_ref(), Some(&"no more"));
/// }
/// ```
pub struct JoinError {
    /// Behind a mutex only to be `Sync`, which errors are expected to be.
    panic: Option<Mutex<Box<dyn Any + Send>>>,
}

impl JoinError {
    /// Whether the fiber panicked.
    pub fn is_panic(&self) -> bool {
        self.panic.is_some()
    }

    /// Whether the fiber was ended before it was done.
    pub fn is_cancelled(&self) -> bool {
        self.panic.is_none()
    }

    /// What the fiber panicked with, for [`std::panic::resume_unwind`].
    ///
    /// # Errors
    ///
    /// The error itself, if the fiber did not panic.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, JoinError> {
        let panic = self.panic.ok_or(JoinError { panic: None })?;
        Ok(panic.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Calls `show` with the text of the panic.
    fn with_message<R>(panic: &Mutex<Box<dyn Any + Send>>, show: impl FnOnce(&str) -> R) -> R {
        show(panic_message(&**panic.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// The text of a panic, where it has one.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("(not a text)")
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.panic {
            Some(panic) => JoinError::with_message(panic, |text| write!(f, "the fiber panicked: {text}")),
            None => f.write_str("the fiber was cancelled"),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.panic {
            Some(panic) => {
                JoinError::with_message(panic, |text| f.debug_tuple("Panicked").field(&text).finish())
            }
            None => f.write_str("Cancelled"),
        }
    }
}

impl std::error::Error for JoinError {}
