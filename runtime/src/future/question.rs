//! What `?` does, for bodies that are put into a future of their own.
//!
//! The traits of the standard library are not stable. These know the same types, and an expansion that replaces `?`
//! asks them.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::task::Poll;

/// A type that `?` works on.
#[diagnostic::on_unimplemented(
    message = "`?` works on `Result` and `Option`, and this is `{Self}`",
    label = "`?` cannot be applied to this"
)]
pub trait Try {
    /// What `?` goes on with.
    type Output;
    /// What `?` leaves the function with.
    type Residual;

    /// Goes on or leaves.
    fn branch(self) -> ControlFlow<Self::Residual, Self::Output>;
}

/// What a function returns in which `?` finds an `R`.
#[diagnostic::on_unimplemented(
    message = "`?` leaves the surrounding function with `{R}`, and that returns `{Self}`",
    label = "the surrounding function returns `{Self}`"
)]
pub trait FromResidual<R> {
    /// The value that is returned.
    fn from_residual(residual: R) -> Self;
}

impl<T, E> Try for Result<T, E> {
    type Output = T;
    type Residual = Result<Infallible, E>;

    #[inline]
    fn branch(self) -> ControlFlow<Self::Residual, T> {
        match self {
            Ok(value) => ControlFlow::Continue(value),
            Err(error) => ControlFlow::Break(Err(error)),
        }
    }
}

impl<T, E, F: From<E>> FromResidual<Result<Infallible, E>> for Result<T, F> {
    #[inline]
    fn from_residual(Err(error): Result<Infallible, E>) -> Self {
        Err(error.into())
    }
}

impl<T, E, F: From<E>> FromResidual<Result<Infallible, E>> for Poll<Result<T, F>> {
    #[inline]
    fn from_residual(Err(error): Result<Infallible, E>) -> Self {
        Poll::Ready(Err(error.into()))
    }
}

impl<T> Try for Option<T> {
    type Output = T;
    type Residual = Option<Infallible>;

    #[inline]
    fn branch(self) -> ControlFlow<Self::Residual, T> {
        match self {
            Some(value) => ControlFlow::Continue(value),
            None => ControlFlow::Break(None),
        }
    }
}

impl<T> FromResidual<Option<Infallible>> for Option<T> {
    #[inline]
    fn from_residual(_: Option<Infallible>) -> Self {
        None
    }
}

impl<B, C> Try for ControlFlow<B, C> {
    type Output = C;
    type Residual = ControlFlow<B, Infallible>;

    #[inline]
    fn branch(self) -> ControlFlow<Self::Residual, C> {
        match self {
            ControlFlow::Continue(value) => ControlFlow::Continue(value),
            ControlFlow::Break(value) => ControlFlow::Break(ControlFlow::Break(value)),
        }
    }
}

impl<B, C> FromResidual<ControlFlow<B, Infallible>> for ControlFlow<B, C> {
    #[inline]
    fn from_residual(ControlFlow::Break(value): ControlFlow<B, Infallible>) -> Self {
        ControlFlow::Break(value)
    }
}

impl<T, E> Try for Poll<Result<T, E>> {
    type Output = Poll<T>;
    type Residual = Result<Infallible, E>;

    #[inline]
    fn branch(self) -> ControlFlow<Self::Residual, Poll<T>> {
        match self {
            Poll::Ready(Ok(value)) => ControlFlow::Continue(Poll::Ready(value)),
            Poll::Ready(Err(error)) => ControlFlow::Break(Err(error)),
            Poll::Pending => ControlFlow::Continue(Poll::Pending),
        }
    }
}

/// The type that a function returns, which has no name in an expansion.
#[derive(Debug)]
pub struct Returning<R>(PhantomData<fn() -> R>);

impl<R> Returning<R> {
    /// Any type, until it is said which.
    #[inline]
    #[expect(clippy::new_without_default, reason = "an expansion calls it")]
    pub const fn new() -> Returning<R> {
        Returning(PhantomData)
    }

    /// A value of the type, where no way leads.
    pub fn any(&self) -> R {
        unreachable!()
    }

    /// A value of the type.
    #[inline]
    pub fn same(&self, value: R) -> R {
        value
    }
}

/// For the place that no way leads to; fixes its type.
#[inline]
pub fn never<T>(never: Infallible) -> T {
    match never {}
}
