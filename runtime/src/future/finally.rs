//! Cleaning up after a future, and what to say when that fails too.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::chain::Chain;

/// What the clean-up of [`finally`](super::FutureExt::finally) may return, after a future whose output is `O`: nothing, or a `Result` if that is one.
pub trait Cleanup<O> {
    /// What the two come to.
    type Output;

    /// Joins what the clean-up returned with the output of the future before it.
    #[doc(hidden)]
    fn join(self, output: O) -> Self::Output;
}

impl<O> Cleanup<O> for () {
    type Output = O;

    #[inline]
    fn join(self, output: O) -> O {
        output
    }
}

impl<T, E, V, C> Cleanup<Result<T, E>> for Result<V, C> {
    type Output = Result<T, FinallyError<E, C>>;

    #[inline]
    fn join(self, output: Result<T, E>) -> Self::Output {
        match (output, self) {
            (Ok(value), Ok(_)) => Ok(value),
            (Err(failure), Ok(_)) => Err(FinallyError::Work(failure)),
            (Ok(_), Err(cleanup)) => Err(FinallyError::Cleanup(cleanup)),
            (Err(failure), Err(cleanup)) => Err(FinallyError::Both { failure, cleanup }),
        }
    }
}

/// What failed: the work, its clean-up, or both (FUT-4).
///
/// ```
/// use seastar::future::{FinallyError, FutureExt};
///
/// #[seastar::main(shards = 1)]
/// async fn main() -> Result<(), &'static str> {
///     let work = async { Ok::<_, &str>(7) };
///     let kept = work.finally(async || Ok::<_, &str>(())).await.map_err(FinallyError::into_first)?;
///     assert_eq!(kept, 7);
///     Ok(())
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FinallyError<E, C = E> {
    /// The work failed, and was cleaned up after.
    Work(E),
    /// The work did not fail; cleaning up did.
    Cleanup(C),
    /// The work failed, and so did cleaning up after it.
    Both {
        /// How the work failed.
        failure: E,
        /// How cleaning up failed.
        cleanup: C,
    },
}

impl<E> FinallyError<E> {
    /// The failure that came first: that of the work if it failed.
    pub fn into_first(self) -> E {
        match self {
            FinallyError::Work(failure) | FinallyError::Both { failure, .. } => failure,
            FinallyError::Cleanup(cleanup) => cleanup,
        }
    }
}

impl<E: fmt::Display, C: fmt::Display> fmt::Display for FinallyError<E, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FinallyError::Work(failure) => failure.fmt(f),
            FinallyError::Cleanup(cleanup) => write!(f, "cleaning up failed: {cleanup}"),
            FinallyError::Both { failure, cleanup } => {
                write!(f, "{failure}; cleaning up failed, too: {cleanup}")
            }
        }
    }
}

impl<E: Error, C: Error> Error for FinallyError<E, C> {
    /// What is behind the failure that came first, whose text is part of this one's.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            FinallyError::Work(failure) | FinallyError::Both { failure, .. } => failure.source(),
            FinallyError::Cleanup(cleanup) => cleanup.source(),
        }
    }
}

/// The future of [`FutureExt::finally`](super::FutureExt::finally).
#[must_use = "futures do nothing until they are awaited"]
pub struct Finally<F: Future, K, G>(pub(super) Chain<F, K, Cleaning<G, F::Output>>);

/// A clean-up at work, and the output that goes on after it.
pub(super) struct Cleaning<G, O> {
    cleanup: G,
    output: Option<O>,
}

impl<G: Future<Output: Cleanup<O>>, O> Future for Cleaning<G, O> {
    type Output = <G::Output as Cleanup<O>>::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the clean-up is pinned with `self`; the output never is.
        let (cleanup, output) = unsafe {
            let this = self.get_unchecked_mut();
            (Pin::new_unchecked(&mut this.cleanup), &mut this.output)
        };
        cleanup.poll(context).map(|cleaned| {
            let output = output.take().expect("a clean-up was polled after its end");
            cleaned.join(output)
        })
    }
}

impl<F, K, G> Future for Finally<F, K, G>
where
    F: Future,
    K: FnOnce() -> G,
    G: Future<Output: Cleanup<F::Output>>,
{
    type Output = <G::Output as Cleanup<F::Output>>::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the only field is pinned with `self`.
        let chain = unsafe { self.map_unchecked_mut(|this| &mut this.0) };
        chain.poll(context, Ok, |cleanup, output| Cleaning { cleanup: cleanup(), output: Some(output) })
    }
}

impl<F: Future, K, G> fmt::Debug for Finally<F, K, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Finally").field(&self.0.state()).finish()
    }
}
