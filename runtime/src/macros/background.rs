//! `background!`.

/// Starts work that nobody waits for: `background!(gate = gate, on_error = log => future)`.
///
/// The work is a fiber of its own, and this goes on at once. In C++ Seastar a future that is just dropped runs on unseen, and two things
/// go wrong: it is still running when what it uses is gone, and nobody hears of its failure. So both have to be said.
///
/// | option | meaning |
/// |---|---|
/// | `gate = gate` | the work is inside this gate until it ends, so that whoever closes the gate waits for it; an `Rc<Gate>`, a `&'static Gate`, or an [`OwnedGateHolder`](crate::sync::OwnedGateHolder) |
/// | `gate = none` | nobody waits; it is cut off when the program stops |
/// | `on_error = log` | the error is logged, with the place of the call |
/// | `on_error = ignore` | the error is dropped |
/// | `on_error = stop` | the error is logged, and the program stops in order with exit code 1 |
/// | `on_error = closure` | the closure gets the error |
///
/// The future, most often `async move { .. }`, returns `()` or `Result<(), E>`. It must own what it uses. A panic in it is logged and counted
/// whatever the policy ([`abandoned_failures`](crate::abandoned_failures)). It may be stopped from outside by what it
/// waits for, such as [`stopping`](crate::stopping()) or an [`AbortSource`](crate::sync::AbortSource).
///
/// The value is `Ok(())`, or why the work was not started: [`NotStarted`](crate::NotStarted), because the gate is closed or the shard has no memory
/// for another fiber; without a gate only the latter, [`Busy`](crate::Busy).
///
/// ```
/// use seastar::sync::Gate;
/// use seastar::{NotStarted, background, sleep};
/// use std::cell::Cell;
/// use std::rc::Rc;
/// use std::time::Duration;
///
/// #[seastar::main(shards = 1)]
/// async fn main() -> Result<(), NotStarted> {
///     let gate = Rc::new(Gate::new());
///     let failures = Rc::new(Cell::new(0));
///     for n in 0..3 {
///         let failures = failures.clone();
///         background!(gate = gate, on_error = move |_| failures.set(failures.get() + 1) => async move {
///             sleep(Duration::from_millis(1)).await;
///             if n == 1 { Err("one fails") } else { Ok(()) }
///         })?;
///     }
///     gate.close().await; // waits for the three
///     assert_eq!(failures.get(), 1);
///     Ok(())
/// }
/// ```
///
/// Without gate or policy it does not compile:
///
/// ```compile_fail
/// async fn begin() {
///     seastar::background!(on_error = log => async {}).unwrap();
/// }
/// ```
///
/// # Expansion
///
/// ```text
/// background(&gate, Log, async move { .. })
/// background_calling(&NoGate, |error| .., async move { .. })
/// ```
#[macro_export]
macro_rules! background {
    ($($call:tt)*) => { $crate::__private::background!($crate; $($call)*) };
}
