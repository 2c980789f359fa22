//! Asking work to give up: one source, any number of those who listen.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::list::{Host, List, State, Waiter};

/// Tells whoever listens that work is to be given up (LOCK-5).
///
/// What waits on this shard listens by [`Limit::unless`](super::Limit::unless); loops ask
/// [`check`](Self::check); anything else awaits [`aborted`](Self::aborted) or
/// [subscribes](Self::on_abort).
///
/// ```
/// use seastar::sync::AbortSource;
///
/// let source = AbortSource::new();
/// assert!(source.check().is_ok());
/// source.abort();
/// source.abort(); // does nothing
/// assert_eq!(source.check().unwrap_err().to_string(), "abort requested");
/// ```
#[doc(alias = "CancellationToken")]
pub struct AbortSource {
    aborted: Cell<bool>,
    listeners: List<Option<Callback>>,
}

/// A subscriber's closure without its type.
#[derive(Clone, Copy)]
pub struct Callback {
    call: unsafe fn(*const ()),
    data: *const (),
}

impl AbortSource {
    /// A source that nobody has used.
    pub const fn new() -> AbortSource {
        AbortSource { aborted: Cell::new(false), listeners: List::new() }
    }

    /// Asks to give up, once and for all. Those who listen are told within this call, in the order in which they began
    /// to; subscribers are called, futures are woken.
    pub fn abort(&self) {
        if self.aborted.replace(true) {
            return;
        }
        /// Tells the others, also when one of them panics.
        struct Others<'a>(&'a AbortSource);

        impl Drop for Others<'_> {
            fn drop(&mut self) {
                self.0.tell_all();
            }
        }

        let others = Others(self);
        self.tell_all();
        std::mem::forget(others);
    }

    fn tell_all(&self) {
        while let Some(listener) = self.listeners.front() {
            self.listeners.wake_front(State::Told);
            if let Some(callback) = listener {
                // SAFETY: a subscription that was on the list until now is alive, and nothing has run since:
                // the waker of a subscription does nothing.
                unsafe { (callback.call)(callback.data) };
            }
        }
    }

    /// Whether [`abort`](Self::abort) was called.
    ///
    /// ```
    /// let source = seastar::sync::AbortSource::new();
    /// assert!(!source.is_aborted());
    /// source.abort();
    /// assert!(source.is_aborted());
    /// ```
    #[inline]
    pub fn is_aborted(&self) -> bool {
        self.aborted.get()
    }

    /// An error once [`abort`](Self::abort) was called, to leave long work by `?`.
    ///
    /// ```
    /// use seastar::sync::{AbortSource, Aborted};
    ///
    /// fn sum(numbers: &[u32], abort: &AbortSource) -> Result<u32, Aborted> {
    ///     let mut sum = 0;
    ///     for number in numbers {
    ///         abort.check()?;
    ///         sum += number;
    ///     }
    ///     Ok(sum)
    /// }
    ///
    /// assert_eq!(sum(&[1, 2], &AbortSource::new()), Ok(3));
    /// ```
    #[inline]
    pub fn check(&self) -> Result<(), Aborted> {
        if self.aborted.get() { Err(Aborted(())) } else { Ok(()) }
    }

    /// Waits until [`abort`](Self::abort) is called.
    ///
    /// ```
    /// use seastar::sync::AbortSource;
    /// use std::rc::Rc;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let source = Rc::new(AbortSource::new());
    ///     let listener = source.clone();
    ///     let fiber = seastar::spawn(async move { listener.aborted().await });
    ///     seastar::yield_now().await;
    ///     source.abort();
    ///     fiber.await.unwrap();
    /// }
    /// ```
    pub fn aborted(&self) -> AbortRequested<'_> {
        AbortRequested { waiter: Waiter::new(self, None) }
    }

    /// Something to call when [`abort`](Self::abort) is called.
    ///
    /// It takes effect with [`OnAbort::subscribe`], and ends when it is dropped.
    ///
    /// ```
    /// use seastar::sync::AbortSource;
    /// use std::{cell::Cell, pin::pin, rc::Rc};
    ///
    /// let source = AbortSource::new();
    /// let told = Rc::new(Cell::new(false));
    /// let tell = told.clone();
    /// let subscription = pin!(source.on_abort(move || tell.set(true)));
    /// assert!(subscription.as_ref().subscribe());
    /// source.abort();
    /// assert!(told.get());
    /// ```
    pub fn on_abort<F: FnOnce() + 'static>(&self, call: F) -> OnAbort<'_, F> {
        OnAbort { waiter: Waiter::new(self, None), call: Cell::new(Some(call)) }
    }

    /// Lets `waiter` know, unless that is too late already.
    #[inline]
    pub(super) fn listen(&self, waiter: Pin<&Listener<'_>>, waker: &Waker) -> Result<(), Aborted> {
        self.check()?;
        waiter.wait(waker);
        Ok(())
    }
}

impl Default for AbortSource {
    fn default() -> AbortSource {
        AbortSource::new()
    }
}

impl fmt::Debug for AbortSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("AbortSource");
        debug.field("aborted", &self.is_aborted()).field("listeners", &self.listeners.len()).finish()
    }
}

/// A waiter whose waker is woken by an abort.
pub(super) type Listener<'a> = Waiter<&'a AbortSource>;

// SAFETY: a reference.
unsafe impl Host for &AbortSource {
    type Value = Option<Callback>;

    fn list(&self) -> &List<Option<Callback>> {
        &self.listeners
    }
}

/// The future of [`AbortSource::aborted`]. Dropping it stops listening.
#[must_use = "futures do nothing until they are awaited"]
pub struct AbortRequested<'a> {
    waiter: Listener<'a>,
}

impl Future for AbortRequested<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.into_ref();
        // SAFETY: part of a pinned future, and never moved out of it.
        let waiter = unsafe { this.map_unchecked(|this| &this.waiter) };
        match waiter.host().listen(waiter, context.waker()) {
            Ok(()) => Poll::Pending,
            Err(_) => Poll::Ready(()),
        }
    }
}

impl fmt::Debug for AbortRequested<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AbortRequested").field(self.waiter.host()).finish()
    }
}

/// A closure that an [`AbortSource`] calls. See [`AbortSource::on_abort`].
///
/// The closure is `'static`, because a subscription that is leaked would be called all the same.
///
/// ```
/// use seastar::sync::AbortSource;
/// use std::pin::pin;
///
/// let source = AbortSource::new();
/// source.abort();
/// let late = pin!(source.on_abort(|| unreachable!("it was aborted before")));
/// assert!(!late.as_ref().subscribe());
/// ```
#[must_use = "a subscription takes effect by `subscribe`, and ends when it is dropped"]
pub struct OnAbort<'a, F: FnOnce() + 'static> {
    waiter: Listener<'a>,
    call: Cell<Option<F>>,
}

impl<F: FnOnce() + 'static> OnAbort<'_, F> {
    /// Subscribes. `false` if the source was aborted before: then the closure is not called, now or later.
    pub fn subscribe(self: Pin<&Self>) -> bool {
        let source = *self.waiter.host();
        let callback = Callback { call: call::<F>, data: (&raw const self.call).cast() };
        self.waiter.replace_value(Some(callback));
        // SAFETY: part of something pinned, and never moved out of it.
        let waiter = unsafe { self.map_unchecked(|this| &this.waiter) };
        source.listen(waiter, Waker::noop()).is_ok()
    }
}

/// Calls the closure of a subscription, which may drop the subscription.
///
/// # Safety
///
/// `data` is the `call` of a live `OnAbort<F>`.
unsafe fn call<F: FnOnce()>(data: *const ()) {
    // SAFETY: promised by the caller; the reference ends before the closure runs.
    let call = unsafe { &*data.cast::<Cell<Option<F>>>() }.take();
    if let Some(call) = call {
        call();
    }
}

impl<F: FnOnce() + 'static> fmt::Debug for OnAbort<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OnAbort").field(self.waiter.host()).finish()
    }
}

/// The work was to be given up: what [`AbortSource::check`] says. Becomes an [`io::Error`] by `?`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aborted(());

impl fmt::Display for Aborted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("abort requested")
    }
}

impl std::error::Error for Aborted {}

impl From<Aborted> for io::Error {
    fn from(error: Aborted) -> io::Error {
        io::Error::other(error)
    }
}
