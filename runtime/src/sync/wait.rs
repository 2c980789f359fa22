//! The future of every wait: what is there is taken at once, the rest waits in line.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::limit::{Limit, Why, sealed};
use super::list::{Host, State, Waiter};

/// What a [`Wait`] waits for, and how it gets it.
pub trait Request: Host + Sized {
    type Output;

    /// The result of a wait that may be given up.
    type Limited;

    /// Takes what is wanted if that needs no waiting.
    fn take_now(waiter: &Waiter<Self>) -> Option<Self::Output>;

    /// The failure of what would wait for ever. Failures are large, so they are made out of line.
    #[inline]
    fn hopeless(_: &Waiter<Self>) -> Option<Self::Output> {
        None
    }

    /// The result after the waiter was woken in this state, which is never `Idle` or `Queued`; `None` to wait again.
    fn woken(waiter: &Waiter<Self>, state: State) -> Option<Self::Output>;

    /// Hands on what a waiter leaves behind that was in this state, which is never `Idle`.
    fn hand_on(waiter: &Waiter<Self>, state: State);

    fn granted(output: Self::Output) -> Self::Limited;

    /// The result of a waiter that has left because of `why`.
    fn given_up(waiter: &Waiter<Self>, why: Why) -> Self::Limited;
}

/// The future of every wait of [`sync`](super), such as [`Semaphore::acquire`](super::Semaphore::acquire) and [`Queue::pop`](super::Queue::pop).
///
/// Nothing happens before it is polled, and nothing is lost when it is dropped: it leaves the line, or hands on what it
/// was given but has not taken. [`Limit`] gives it a time limit or an [`AbortSource`](super::AbortSource).
#[must_use = "nothing is waited for until this is awaited"]
pub struct Wait<R: Request> {
    waiter: Waiter<R>,
}

impl<R: Request> Wait<R> {
    #[inline]
    pub(super) const fn new(request: R, value: R::Value) -> Wait<R> {
        Wait { waiter: Waiter::new(request, value) }
    }

    #[inline]
    fn leave(&self) {
        if self.waiter.state() != State::Idle {
            self.leave_line();
        }
    }

    #[cold]
    #[inline(never)]
    fn leave_line(&self) {
        let state = self.waiter.leave();
        R::hand_on(&self.waiter, state);
    }

    #[cold]
    #[inline(never)]
    fn wait_in_line(self: Pin<&Self>, context: &mut Context<'_>) {
        // SAFETY: part of a pinned future, and never moved out of it.
        unsafe { self.map_unchecked(|this| &this.waiter) }.wait(context.waker());
    }
}

impl<R: Request> Future for Wait<R> {
    type Output = R::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<R::Output> {
        let this = self.into_ref();
        // Results are made here and not out of line, because from there they would come by way of memory. After each, the waiter
        // says that it is idle, even if it was before: so the compiler knows that its drop has nothing to do.
        match this.waiter.state() {
            State::Idle => {
                if let Some(output) = R::take_now(&this.waiter) {
                    this.waiter.set_idle();
                    return Poll::Ready(output);
                }
                if let Some(output) = R::hopeless(&this.waiter) {
                    return Poll::Ready(output);
                }
            }
            State::Queued => {}
            state => {
                let output = R::woken(&this.waiter, state);
                this.waiter.set_idle();
                if let Some(output) = output {
                    return Poll::Ready(output);
                }
            }
        }
        this.wait_in_line(context);
        Poll::Pending
    }
}

impl<R: Request> Drop for Wait<R> {
    #[inline]
    fn drop(&mut self) {
        self.leave();
    }
}

impl<R: Request> sealed::Sealed for Wait<R> {}

impl<R: Request> Limit for Wait<R> {
    type Limited = R::Limited;

    #[inline]
    fn granted(output: R::Output) -> R::Limited {
        R::granted(output)
    }

    fn give_up(self: Pin<&mut Self>, why: Why) -> R::Limited {
        self.leave();
        R::given_up(&self.waiter, why)
    }
}

impl<R: Request> fmt::Debug for Wait<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").field("state", &self.waiter.state()).finish_non_exhaustive()
    }
}

/// A wait was given up.
///
/// ```
/// use seastar::sync::{GaveUp, Limit, Mutex};
/// use std::time::Duration;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let mutex = Mutex::new(7);
///     let guard = mutex.lock().await;
///     let late = mutex.lock().within(Duration::from_millis(1)).await;
///     assert_eq!(late.unwrap_err(), GaveUp::TimedOut);
///     drop(guard);
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GaveUp {
    /// The time was up first.
    TimedOut,
    /// The [`AbortSource`](super::AbortSource) was aborted first.
    Aborted,
}

impl From<Why> for GaveUp {
    fn from(why: Why) -> GaveUp {
        match why {
            Why::TimedOut => GaveUp::TimedOut,
            Why::Aborted => GaveUp::Aborted,
        }
    }
}

impl fmt::Display for GaveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            GaveUp::TimedOut => "timed out",
            GaveUp::Aborted => "abort requested",
        })
    }
}

impl std::error::Error for GaveUp {}
