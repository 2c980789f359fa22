//! What every future can do: methods that continue it.

use std::future::Future;
use std::time::Duration;

use super::chain::Chain;
use super::errors::OfType;
use super::finally::{Cleanup, Finally};
use super::then::{DiscardResult, HandleError, HandleErrorType, Then, ThenWrapped};
use crate::time::{Timeout, timeout};

/// A future that may fail: one whose output is a `Result`. Every such future implements this.
///
/// ```
/// use seastar::future::TryFuture;
///
/// /// Awaits two and fails if one does.
/// async fn both<F: TryFuture>(first: F, second: F) -> Result<(F::Ok, F::Error), F::Error>
/// where
///     F::Error: From<&'static str>,
/// {
///     let ok = first.await?;
///     match second.await {
///         Ok(_) => Err("both were fine".into()),
///         Err(error) => Ok((ok, error)),
///     }
/// }
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let fails = async |wanted| if wanted { Err("no") } else { Ok(1) };
///     assert_eq!(both(fails(false), fails(true)).await, Ok((1, "no")));
/// }
/// ```
pub trait TryFuture: Future<Output = Result<Self::Ok, Self::Error>> {
    /// The value.
    type Ok;
    /// The failure.
    type Error;
}

impl<F: Future<Output = Result<T, E>>, T, E> TryFuture for F {
    type Ok = T;
    type Error = E;
}

/// Continuations (FUT-1 to FUT-5).
///
/// | method | what runs after a value | what runs after a failure |
/// |---|---|---|
/// | [`then`](FutureExt::then) | the continuation, with the value | nothing: the failure goes on |
/// | [`then_wrapped`](FutureExt::then_wrapped) | the continuation, with the output as it is | the same |
/// | [`finally`](FutureExt::finally) | the clean-up, then the value goes on | the clean-up, then the failure goes on |
/// | [`handle_error`](FutureExt::handle_error) | nothing: the value goes on | the handler, with the failure |
/// | [`handle_error_type`](FutureExt::handle_error_type) | nothing | the handler, if it is of that type |
///
/// The names are those of Seastar: what other crates call `and_then` is `then` here, and what they call `then` is
/// `then_wrapped`. In an `async` function, `?` and `match` say the same; these are for where there is none, and for
/// those who come from C++. A continuation is an async closure, or any closure that returns a future. It
/// runs where the future is polled, as soon as the one before has ended (FUT-2). The first future is dropped
/// before the second is made, and both lie in the same place. Dropping the whole cancels whichever runs.
pub trait FutureExt: Future + Sized {
    /// Continues with the value; a failure skips `next` and is the result (FUT-1).
    ///
    /// ```
    /// use seastar::future::FutureExt;
    ///
    /// async fn parse(text: &str) -> Result<u32, std::num::ParseIntError> {
    ///     text.parse()
    /// }
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     assert_eq!(parse("3").then(async |n| Ok(n + 1)).await, Ok(4));
    ///     assert!(parse("x").then(async |_| -> Result<(), _> { unreachable!() }).await.is_err());
    /// }
    /// ```
    #[doc(alias = "and_then")]
    fn then<K, G>(self, next: K) -> Then<Self, K, G>
    where
        Self: TryFuture,
        K: FnOnce(Self::Ok) -> G,
        G: TryFuture<Error = Self::Error>,
    {
        Then(Chain::new(self, next))
    }

    /// Continues with the output, whatever it is (FUT-3). The way to continue a future that cannot fail.
    ///
    /// ```
    /// use seastar::future::FutureExt;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let fails = async { Err::<(), _>("no") };
    ///     assert_eq!(fails.then_wrapped(async |output| output.is_err()).await, true);
    ///     assert_eq!(seastar::yield_now().then_wrapped(async |()| 3).await, 3);
    /// }
    /// ```
    fn then_wrapped<K, G>(self, next: K) -> ThenWrapped<Self, K, G>
    where
        K: FnOnce(Self::Output) -> G,
        G: Future,
    {
        ThenWrapped(Chain::new(self, next))
    }

    /// Runs `cleanup` after the future, however it ended, and then goes on with its output (FUT-4).
    ///
    /// What the clean-up returns is waited for. If it returns nothing, the output is that of the future. If
    /// it returns a `Result`, both can fail, and the failure is a
    /// [`FinallyError`](super::FinallyError) that says which did. Nothing is cleaned up when the future panics or
    /// the whole is dropped: use a guard with a `Drop` for that.
    ///
    /// ```
    /// use std::cell::Cell;
    /// use seastar::future::{FinallyError, FutureExt};
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let open = Cell::new(true);
    ///     let work = async { Err::<(), _>("disk full") };
    ///     assert_eq!(work.finally(async || open.set(false)).await, Err("disk full"));
    ///     assert!(!open.get());
    ///
    ///     let work = async { Err::<(), _>("disk full") };
    ///     let both = work.finally(async || Err::<(), _>("not closed")).await.unwrap_err();
    ///     assert_eq!(both, FinallyError::Both { failure: "disk full", cleanup: "not closed" });
    /// }
    /// ```
    fn finally<K, G>(self, cleanup: K) -> Finally<Self, K, G>
    where
        K: FnOnce() -> G,
        G: Future<Output: Cleanup<Self::Output>>,
    {
        Finally(Chain::new(self, cleanup))
    }

    /// After a failure, goes on with what `handler` makes of it (FUT-5); a value passes by.
    ///
    /// ```
    /// use seastar::future::FutureExt;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let fails = async { Err("no") };
    ///     let handled = fails.handle_error(async |error| if error == "no" { Ok(0) } else { Err(error) });
    ///     assert_eq!(handled.await, Ok(0));
    /// }
    /// ```
    #[doc(alias("handle_exception", "or_else"))]
    fn handle_error<K, G>(self, handler: K) -> HandleError<Self, K, G>
    where
        Self: TryFuture,
        K: FnOnce(Self::Error) -> G,
        G: Future<Output = Self::Output>,
    {
        HandleError(Chain::new(self, handler))
    }

    /// After a failure of type `X`, goes on with what `handler` makes of it; other failures and values
    /// pass by (FUT-5).
    ///
    /// [`OfType`] says which failures can be looked into: boxed errors, `io::Error`, and your own.
    ///
    /// ```
    /// use std::{error::Error, num::ParseIntError};
    /// use seastar::future::FutureExt;
    ///
    /// async fn parse(text: &str) -> Result<u32, Box<dyn Error>> {
    ///     Ok(text.parse::<u32>()?)
    /// }
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let handled = parse("x").handle_error_type(async |_: ParseIntError| Ok(0));
    ///     assert_eq!(handled.await.unwrap(), 0);
    ///     let other = parse("x").handle_error_type(async |_: std::io::Error| Ok(0));
    ///     assert_eq!(other.await.unwrap_err().to_string(), "invalid digit found in string");
    /// }
    /// ```
    #[doc(alias = "handle_exception_type")]
    fn handle_error_type<X, K, G>(self, handler: K) -> HandleErrorType<Self, K, G, X>
    where
        Self: TryFuture<Error: OfType<X>>,
        K: FnOnce(X) -> G,
        G: Future<Output = Self::Output>,
    {
        HandleErrorType(Chain::new(self, handler), std::marker::PhantomData)
    }

    /// Forgets the value and keeps the failure.
    ///
    /// ```
    /// use seastar::future::FutureExt;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> Result<(), String> {
    ///     async { Ok::<_, String>(7) }.discard_result().await
    /// }
    /// ```
    fn discard_result(self) -> DiscardResult<Self>
    where
        Self: TryFuture,
    {
        DiscardResult(self)
    }

    /// Drops the future if it has not ended after `duration`: [`seastar::timeout`](crate::timeout) as a method
    /// (TMO-1).
    ///
    /// The time counts from this call.
    ///
    /// ```
    /// use std::time::Duration;
    /// use seastar::future::FutureExt;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let late = std::future::pending::<()>().with_timeout(Duration::from_millis(1));
    ///     assert!(late.await.is_err());
    /// }
    /// ```
    fn with_timeout(self, duration: Duration) -> Timeout<Self> {
        timeout(duration, self)
    }
}

impl<F: Future> FutureExt for F {}
