//! The futures of `then`, `then_wrapped`, `handle_error`, `handle_error_type` and `discard_result`.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::chain::Chain;
use super::errors::OfType;
use super::ext::TryFuture;

/// The future of [`FutureExt::then`](super::FutureExt::then).
#[must_use = "futures do nothing until they are awaited"]
pub struct Then<F, K, G>(pub(super) Chain<F, K, G>);

impl<F, K, G> Future for Then<F, K, G>
where
    F: TryFuture,
    K: FnOnce(F::Ok) -> G,
    G: TryFuture<Error = F::Error>,
{
    type Output = Result<G::Ok, G::Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the only field is pinned with `self`.
        let chain = unsafe { self.map_unchecked_mut(|this| &mut this.0) };
        chain.poll(context, |output| output.map_err(Err), |next, value| next(value))
    }
}

/// The future of [`FutureExt::then_wrapped`](super::FutureExt::then_wrapped).
#[must_use = "futures do nothing until they are awaited"]
pub struct ThenWrapped<F, K, G>(pub(super) Chain<F, K, G>);

impl<F, K, G> Future for ThenWrapped<F, K, G>
where
    F: Future,
    K: FnOnce(F::Output) -> G,
    G: Future,
{
    type Output = G::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<G::Output> {
        // SAFETY: the only field is pinned with `self`.
        let chain = unsafe { self.map_unchecked_mut(|this| &mut this.0) };
        chain.poll(context, Ok, |next, output| next(output))
    }
}

/// The future of [`FutureExt::handle_error`](super::FutureExt::handle_error).
#[must_use = "futures do nothing until they are awaited"]
pub struct HandleError<F, K, G>(pub(super) Chain<F, K, G>);

impl<F, K, G> Future for HandleError<F, K, G>
where
    F: TryFuture,
    K: FnOnce(F::Error) -> G,
    G: Future<Output = F::Output>,
{
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the only field is pinned with `self`.
        let chain = unsafe { self.map_unchecked_mut(|this| &mut this.0) };
        let decide = |output| match output {
            Ok(value) => Err(Ok(value)),
            Err(error) => Ok(error),
        };
        chain.poll(context, decide, |handler, error| handler(error))
    }
}

/// The future of [`FutureExt::handle_error_type`](super::FutureExt::handle_error_type).
#[must_use = "futures do nothing until they are awaited"]
pub struct HandleErrorType<F, K, G, X>(pub(super) Chain<F, K, G>, pub(super) PhantomData<fn(X)>);

impl<F, K, G, X> Future for HandleErrorType<F, K, G, X>
where
    F: TryFuture<Error: OfType<X>>,
    K: FnOnce(X) -> G,
    G: Future<Output = F::Output>,
{
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the chain is pinned with `self`.
        let chain = unsafe { self.map_unchecked_mut(|this| &mut this.0) };
        let decide = |output: F::Output| match output {
            Ok(value) => Err(Ok(value)),
            Err(error) => error.of_type().map_err(Err),
        };
        chain.poll(context, decide, |handler, error| handler(error))
    }
}

/// The future of [`FutureExt::discard_result`](super::FutureExt::discard_result).
#[must_use = "futures do nothing until they are awaited"]
pub struct DiscardResult<F>(pub(super) F);

impl<F: TryFuture> Future for DiscardResult<F> {
    type Output = Result<(), F::Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the only field is pinned with `self`.
        let future = unsafe { self.map_unchecked_mut(|this| &mut this.0) };
        future.poll(context).map_ok(drop)
    }
}

impl<F, K, G> fmt::Debug for Then<F, K, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Then").field(&self.0.state()).finish()
    }
}

impl<F, K, G> fmt::Debug for ThenWrapped<F, K, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ThenWrapped").field(&self.0.state()).finish()
    }
}

impl<F, K, G> fmt::Debug for HandleError<F, K, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HandleError").field(&self.0.state()).finish()
    }
}

impl<F, K, G, X> fmt::Debug for HandleErrorType<F, K, G, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HandleErrorType").field(&self.0.state()).finish()
    }
}

impl<F> fmt::Debug for DiscardResult<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiscardResult").finish_non_exhaustive()
    }
}
