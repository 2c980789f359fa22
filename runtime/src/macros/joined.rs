//! `when_all!`, `when_all_succeed!` and `when_any!`.

/// Runs futures side by side, and waits for all of them (ALL-1): `when_all!(future, other, ..)`.
///
/// The value is a tuple of what they return, in the order in which they are written, whatever the order in which they end.
/// Failures are values like any other; [`when_all_succeed!`](crate::when_all_succeed) looks at them.
///
/// The futures become part of the future that surrounds the call: they run in the same fiber, may borrow from it, and
/// take no memory beside it. They are dropped with it. Each of them is polled whenever the fiber is woken, so
/// this is for few: up to 32. A panic in one drops all. What surrounds a future, as in `read(next()?)`, runs before any of
/// them begins, and belongs to the surrounding function.
///
/// ```
/// use seastar::{sleep, when_all};
/// use std::time::{Duration, Instant};
///
/// async fn after(ms: u64) -> u64 {
///     sleep(Duration::from_millis(ms)).await;
///     ms
/// }
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let (long, short, text) = when_all!(after(4), after(2), async { "at once" });
///     assert_eq!((long, short, text), (4, 2, "at once"));
/// }
/// ```
///
/// # Expansion
///
/// ```text
/// {
///     let (output0, (output1, output2)) = All(Pair(after(4), Pair(after(2), async { "at once" }))).await;
///     (output0, output1, output2)
/// }
/// ```
#[doc(alias = "join")]
#[macro_export]
macro_rules! when_all {
    ($($call:tt)*) => { $crate::__private::when_all!($crate; $($call)*) };
}

/// Runs futures of `Result`s side by side, and waits for all of them (ALL-2): `when_all_succeed!(future, other, ..)`.
///
/// The value is `Ok` of a tuple of what is in their `Ok`s, or the failure of the first one *as they are written* that failed.
/// Other failures are dropped without a word. A failure does not end the others early: what they
/// began is complete when this is. The errors are all of one type.
///
/// Otherwise like [`when_all!`](crate::when_all).
///
/// ```
/// use seastar::{sleep, when_all_succeed};
/// use std::time::Duration;
///
/// async fn parse(text: &str) -> Result<u8, std::num::ParseIntError> {
///     sleep(Duration::from_millis(1)).await;
///     text.parse()
/// }
///
/// #[seastar::main(shards = 1)]
/// async fn main() -> Result<(), std::num::ParseIntError> {
///     let (a, b) = when_all_succeed!(parse("1"), parse("2"))?;
///     assert_eq!(a + b, 3);
///     let failed = when_all_succeed!(parse("1"), parse("256"), parse("x"));
///     assert_eq!(failed.unwrap_err().to_string(), "number too large to fit in target type");
///     Ok(())
/// }
/// ```
///
/// # Expansion
///
/// ```text
/// {
///     let (output0, output1) = All(Pair(parse("1"), parse("2"))).await;
///     match output0 {
///         Ok(output0) => match output1 {
///             Ok(output1) => Ok((output0, output1)),
///             Err(output1) => Err(output1),
///         },
///         Err(output0) => Err(output0),
///     }
/// }
/// ```
#[doc(alias = "try_join")]
#[macro_export]
macro_rules! when_all_succeed {
    ($($call:tt)*) => { $crate::__private::when_all_succeed!($crate; $($call)*) };
}

/// Waits for the first of several futures (ALL-3): `when_any! { name = future => body, .. }`.
///
/// Where more than one is ready, the first one *as they are written* wins. The others are then dropped, which cancels what they
/// were doing, and the body of the winner runs, with the future's output in its name or pattern. The value of the call is
/// that of the body; commas stand as between the arms of a `match`. To keep a future for the next round, make it outside, pin
/// it with [`std::pin::pin!`], and write `future.as_mut()`.
///
/// The futures run in the surrounding fiber, like those of [`when_all!`](crate::when_all). The bodies are part of the
/// surrounding function: in there, `?`, `break`, `continue` and `return` mean what they say.
///
/// ```
/// use seastar::{sleep, when_any};
/// use std::time::Duration;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let mut ticks = 0;
///     let mut work = std::pin::pin!(sleep(Duration::from_millis(20)));
///     loop {
///         when_any! {
///             _ = work.as_mut() => break,
///             _ = sleep(Duration::from_millis(1)) => ticks += 1,
///         }
///     }
///     assert!(ticks <= 20);
/// }
/// ```
///
/// # Expansion
///
/// ```text
/// {
///     let winner = Race(work.as_mut(), sleep(..)).await;
///     match winner {
///         Either::First(output) => { let _ = output; break }
///         Either::Second(output) => { let _ = output; ticks += 1 }
///     }
/// }
/// ```
#[doc(alias = "select")]
#[macro_export]
macro_rules! when_any {
    ($($call:tt)*) => { $crate::__private::when_any!($crate; $($call)*) };
}
