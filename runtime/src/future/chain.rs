//! Two futures in one place, one after the other: the second is made of what the first came to.

use std::future::Future;
use std::pin::Pin;
use std::ptr;
use std::task::{Context, Poll, ready};

/// The state of a continuation: never both futures, so as large as the larger half.
pub(super) enum Chain<F, K, G> {
    First {
        future: F,
        next: K,
    },
    Second(G),
    /// Something between the two has panicked.
    Nothing,
}

impl<F, K, G> Chain<F, K, G> {
    pub(super) fn new(future: F, next: K) -> Chain<F, K, G> {
        Chain::First { future, next }
    }

    /// Polls the first future; when it has ended, `decide` says whether its output is the end, or what
    /// `start` makes the second future of.
    ///
    /// After an early end the first future stays where it is until the whole is dropped.
    #[inline]
    pub(super) fn poll<I>(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        decide: impl FnOnce(F::Output) -> Result<I, G::Output>,
        start: impl FnOnce(K, I) -> G,
    ) -> Poll<G::Output>
    where
        F: Future,
        G: Future,
    {
        // SAFETY: neither future is moved: each is dropped where it lies.
        let this = unsafe { self.get_unchecked_mut() };
        if let Chain::First { future, .. } = this {
            // SAFETY: pinned with `self`.
            let output = ready!(unsafe { Pin::new_unchecked(future) }.poll(context));
            let input = match decide(output) {
                Ok(input) => input,
                Err(output) => return Poll::Ready(output),
            };
            let next = this.end_first();
            // What is overwritten is `Nothing`, which needs no drop.
            // SAFETY: a place of this type.
            unsafe { ptr::write(this, Chain::Second(start(next, input))) };
        }
        match this {
            // SAFETY: pinned with `self`.
            Chain::Second(future) => unsafe { Pin::new_unchecked(future) }.poll(context),
            _ => panic!("a continuation was polled again after it had panicked"),
        }
    }

    /// Drops the first future where it lies and leaves nothing; returns what comes next.
    #[inline]
    fn end_first(&mut self) -> K {
        /// Leaves nothing even when dropping the future panics.
        struct Leave<'a, F, K, G>(&'a mut Chain<F, K, G>);

        impl<F, K, G> Drop for Leave<'_, F, K, G> {
            #[inline]
            fn drop(&mut self) {
                // SAFETY: a place of this type, whose contents were moved out and dropped.
                unsafe { ptr::write(self.0, Chain::Nothing) };
            }
        }

        let leave = Leave(self);
        let Chain::First { future, next } = &mut *leave.0 else { unreachable!("the first future has ended") };
        // SAFETY: both are gone for good, because `leave` overwrites them without a drop.
        unsafe {
            let next = ptr::read(next);
            ptr::drop_in_place(future);
            next
        }
    }

    /// What of the chain there is, for `Debug`.
    pub(super) fn state(&self) -> &'static str {
        match self {
            Chain::First { .. } => "first",
            Chain::Second(_) => "second",
            Chain::Nothing => "panicked",
        }
    }
}
