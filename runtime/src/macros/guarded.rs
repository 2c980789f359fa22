//! `with_semaphore!` and `with_gate!`.

/// Runs a body while units of a [semaphore](crate::sync::Semaphore) are held (SEM-14): `with_semaphore!(semaphore, units => body)`.
///
/// Waits for the units, one if no number is given, and gives them back when the body is done, is left by `?`, `break`,
/// `continue` or `return`, panics, or is dropped half-way. The value is `Ok` of the body's, or a
/// [`SemaphoreError`](crate::sync::SemaphoreError), and then the body has not run.
///
/// Before the `=>` there may also be
///
/// | option | meaning |
/// |---|---|
/// | `timeout = duration` | wait no longer for the units (SEM-7); the body may take any time |
/// | `abort = source` | stop waiting when this [`AbortSource`](crate::sync::AbortSource) is aborted (SEM-8) |
///
/// The body is a part of the surrounding function, so `?`, `break`, `continue`, `return` and labels mean what they say.
///
/// ```
/// use seastar::sync::{Semaphore, SemaphoreError};
/// use seastar::{sleep, with_semaphore};
/// use std::time::Duration;
///
/// async fn read(disk: &Semaphore<2>, page: u64) -> Result<u64, SemaphoreError> {
///     with_semaphore!(disk, 2, timeout = Duration::from_secs(1) => {
///         sleep(Duration::from_micros(10)).await;
///         page * 4096
///     })
/// }
///
/// #[seastar::main(shards = 1)]
/// async fn main() -> Result<(), SemaphoreError> {
///     let disk = Semaphore::new();
///     assert_eq!(read(&disk, 3).await?, 12_288);
///     assert_eq!(disk.available_units(), 2);
///     Ok(())
/// }
/// ```
///
/// Three of two units would never be there. Where the compiler knows both numbers, because one is in the type of a `static` or
/// `const` and the other is written as a number, it says so; elsewhere the value is
/// [`SemaphoreError::OverCapacity`](crate::sync::SemaphoreError::OverCapacity), at once:
///
/// ```compile_fail,E0080
/// # use seastar::{sync::Semaphore, with_semaphore};
/// const DISK: Semaphore<2> = Semaphore::new();
///
/// async fn read() {
///     with_semaphore!(DISK, 3 => ()).unwrap();
/// }
/// # fn main() {}
/// ```
///
/// # Expansion
///
/// ```text
/// match apart(Limit::within(disk.acquire(2), Duration::from_secs(1)).await) {
///     (_guard, error) => match error {
///         None => {
///             let _output = { .. };
///             Ok(_output)
///         }
///         Some(error) => Err(error),
///     },
/// }
/// ```
#[macro_export]
macro_rules! with_semaphore {
    ($($call:tt)*) => { $crate::__private::with_semaphore!($crate; $($call)*) };
}

/// Runs a body inside a [gate](crate::sync::Gate) (GATE-6): `with_gate!(gate => body)`.
///
/// Whoever closes the gate waits until the body is done, is left by `?`, `break`, `continue` or `return`, panics, or is
/// dropped half-way. The value is `Ok` of the body's, or [`GateClosed`](crate::sync::GateClosed) when the gate was closed
/// already, and then the body has not run.
///
/// The body is a part of the surrounding function, so `?`, `break`, `continue`, `return` and labels mean what they say.
///
/// ```
/// use seastar::sync::{Gate, GateClosed};
/// use seastar::{with_gate, yield_now};
///
/// async fn serve(gate: &Gate) -> Result<&'static str, GateClosed> {
///     with_gate!(gate => {
///         yield_now().await;
///         "served"
///     })
/// }
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let gate = Gate::new();
///     assert_eq!(serve(&gate).await, Ok("served"));
///     gate.close().await;
///     assert_eq!(serve(&gate).await.unwrap_err().to_string(), "gate closed");
/// }
/// ```
///
/// # Expansion
///
/// ```text
/// match apart(gate.hold()) {
///     (_guard, error) => match error {
///         None => {
///             let _output = { .. };
///             Ok(_output)
///         }
///         Some(error) => Err(error),
///     },
/// }
/// ```
#[macro_export]
macro_rules! with_gate {
    ($($call:tt)*) => { $crate::__private::with_gate!($crate; $($call)*) };
}
