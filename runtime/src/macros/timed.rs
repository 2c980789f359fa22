//! `with_timeout!`.

/// Runs a body for a limited time (TMO-1): `with_timeout!(duration => body)`.
///
/// The value is `Ok` of the body's, or [`Err(Elapsed)`](crate::time::Elapsed) when the time is up first. Then the body
/// is dropped where it stands, which cancels what it waits for; unlike in C++ Seastar it does not run on
/// (TMO-2), for which it would be a fiber of its own ([`spawn`](crate::spawn)). A body that ends without
/// waiting never sees the clock.
///
/// `?`, `break`, `continue`, `return` and labels in the body are about the surrounding function, as if the body stood there
/// without a limit: `?` leaves the function and not only the call. The same holds in the arguments of macros
/// that evaluate them in place, such as `println!`.
///
/// The body may use and change all that is in scope. What it moves is moved. If it is one future, as in `read().await` or
/// `read().await?`, the limit takes no more space than the timer; other bodies are a future of their own that borrows.
///
/// ```
/// use seastar::{sleep, with_timeout};
/// use std::num::ParseIntError;
/// use std::time::Duration;
///
/// async fn answer(text: &str) -> Result<String, ParseIntError> {
///     let sum = with_timeout!(Duration::from_secs(1) => {
///         let mut sum = 0;
///         for number in text.split('+') {
///             sleep(Duration::from_millis(1)).await;
///             sum += number.parse::<u32>()?; // an error of `answer`
///         }
///         sum
///     });
///     Ok(sum.map_or("it takes too long".into(), |sum| sum.to_string()))
/// }
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     assert_eq!(answer("1+2").await.unwrap(), "3");
///     assert!(answer("1+x").await.is_err());
///     let never = with_timeout!(Duration::from_millis(1) => std::future::pending::<()>().await);
///     assert_eq!(never.unwrap_err().to_string(), "timed out");
/// }
/// ```
///
/// # Expansion
///
/// With one way out of the function, and none, and only one future:
///
/// ```text
/// match timeout(limit, async { First({ .. return Second(First(Err(error))) .. }) }).await {
///     Ok(First(output)) => Ok(output),
///     Ok(Second(First(output))) => return output,
///     Err(output) => Err(output),
/// }
///
/// timeout(limit, async { { .. } }).await
///
/// timeout(limit, read()).await
/// ```
#[macro_export]
macro_rules! with_timeout {
    ($($call:tt)*) => { $crate::__private::with_timeout!($crate; $($call)*) };
}
