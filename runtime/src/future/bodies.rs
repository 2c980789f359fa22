//! What the bodies of loops may return.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::ops::ControlFlow::{Break, Continue};

/// What an action may return: nothing, or a `Result<(), E>` whose failure ends the loop.
///
/// ```
/// use std::cell::Cell;
/// use seastar::future::do_for_each;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let sum = Cell::new(0);
///     do_for_each(1..=4, async |n| sum.set(sum.get() + n)).await;
///     let failed = do_for_each(1..=4, async |n| {
///         sum.set(sum.get() + n);
///         if n < 3 { Ok(()) } else { Err(n) }
///     });
///     assert_eq!(failed.await, Err(3));
///     assert_eq!(sum.get(), 10 + 6);
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "an action returns nothing or a `Result<(), E>`, and this one returns `{Self}`",
    label = "the value would be lost in every iteration",
    note = "end the body with `;`, or with `Ok(())` if it can fail; `repeat_until_value` and `map_reduce` collect values"
)]
pub trait Action: Sized {
    /// The result of a loop that nothing but a failure ends.
    type Endless;

    /// Nothing failed.
    #[doc(hidden)]
    fn done() -> Self;

    /// Breaks with a failure.
    #[doc(hidden)]
    fn flow(self) -> ControlFlow<Self>;

    /// A failure as the result of a loop without an end.
    #[doc(hidden)]
    fn endless(self) -> Option<Self::Endless>;
}

impl Action for () {
    type Endless = Infallible;

    #[inline]
    fn done() {}

    #[inline]
    fn flow(self) -> ControlFlow<()> {
        Continue(())
    }

    #[inline]
    fn endless(self) -> Option<Infallible> {
        None
    }
}

impl<E> Action for Result<(), E> {
    type Endless = Result<Infallible, E>;

    #[inline]
    fn done() -> Self {
        Ok(())
    }

    #[inline]
    fn flow(self) -> ControlFlow<Self> {
        if self.is_ok() { Continue(()) } else { Break(self) }
    }

    #[inline]
    fn endless(self) -> Option<Self::Endless> {
        self.err().map(Err)
    }
}

/// What an iteration of [`repeat`](super::repeat) may return: a [`ControlFlow`], or a `Result` of one.
///
/// `Break` is `stop_iteration::yes` of C++ Seastar, and `Continue` is `stop_iteration::no`.
#[diagnostic::on_unimplemented(
    message = "an iteration returns `ControlFlow` or `Result<ControlFlow<_>, E>`, and this one returns `{Self}`",
    label = "this does not say whether to go on",
    note = "end the body with `Continue(())` or `Break(value)` of `std::ops::ControlFlow`, within `Ok(..)` if it can fail"
)]
pub trait Iteration {
    /// The result of the loop.
    type Output;

    /// Breaks with the result of the loop.
    #[doc(hidden)]
    fn flow(self) -> ControlFlow<Self::Output>;
}

impl<B> Iteration for ControlFlow<B> {
    type Output = B;

    #[inline]
    fn flow(self) -> ControlFlow<B> {
        self
    }
}

impl<B, E> Iteration for Result<ControlFlow<B>, E> {
    type Output = Result<B, E>;

    #[inline]
    fn flow(self) -> ControlFlow<Result<B, E>> {
        match self {
            Ok(Continue(())) => Continue(()),
            Ok(Break(value)) => Break(Ok(value)),
            Err(error) => Break(Err(error)),
        }
    }
}

/// What an iteration of [`repeat_until_value`](super::repeat_until_value) may return: an `Option`, or a `Result` of
/// one.
#[diagnostic::on_unimplemented(
    message = "an iteration returns `Option` or `Result<Option<_>, E>`, and this one returns `{Self}`",
    label = "this does not say whether there is a value",
    note = "end the body with `None` to go on or `Some(value)` to end, within `Ok(..)` if it can fail"
)]
pub trait Attempt {
    /// The result of the loop.
    type Output;

    /// Breaks with the result of the loop.
    #[doc(hidden)]
    fn flow(self) -> ControlFlow<Self::Output>;
}

impl<T> Attempt for Option<T> {
    type Output = T;

    #[inline]
    fn flow(self) -> ControlFlow<T> {
        self.map_or(Continue(()), Break)
    }
}

impl<T, E> Attempt for Result<Option<T>, E> {
    type Output = Result<T, E>;

    #[inline]
    fn flow(self) -> ControlFlow<Result<T, E>> {
        self.transpose().map_or(Continue(()), Break)
    }
}
