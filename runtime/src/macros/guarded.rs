//! `with_semaphore!`, `with_gate!` and `with_lock!`.

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

/// Runs a body with what a lock protects (LOCK-1): `with_lock!(value = lock => body)`.
///
/// The lock is a [`Mutex`](crate::sync::Mutex), or a [`RwLock`](crate::sync::RwLock) with the way in which to lock it:
/// `lock.read()` or `lock.write()`. The name, or pattern, is a reference to the value: `&T` when reading, `&mut T` otherwise. The
/// call waits for the lock and lets go of it when the body is done, is left by `?`, `break`, `continue` or `return`, panics, or
/// is dropped half-way. Its value is that of the body, which cannot borrow from what was locked.
///
/// With `timeout = duration` or `abort = source` behind the lock, the wait may be given up. Then the value is `Ok` of the body's or
/// [`GaveUp`](crate::sync::GaveUp), and in that case the body has not run.
///
/// The body is a part of the surrounding function, so `?`, `break`, `continue`, `return` and labels mean what they say. It may
/// wait, which is what these locks are for: where no body waits, a [`Cell`](std::cell::Cell) or a
/// [`RefCell`](std::cell::RefCell) does it, as fibers of a shard take turns.
///
/// ```
/// use seastar::sync::{Mutex, RwLock};
/// use seastar::{with_lock, yield_now};
/// use std::time::Duration;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let account = Mutex::new((100, "open"));
///     let paid = with_lock!((balance, state) = account => {
///         yield_now().await; // nobody else sees the account meanwhile
///         *balance -= 30;
///         *state == "open"
///     });
///     assert!(paid);
///
///     let names = RwLock::new(vec!["a"]);
///     with_lock!(names = names.write() => names.push("b"));
///     let count = with_lock!(names = names.read(), timeout = Duration::from_secs(1) => names.len());
///     assert_eq!(count, Ok(2));
/// }
/// ```
///
/// # Expansion
///
/// Without a limit; with one it is that of [`with_semaphore!`](crate::with_semaphore), and this inside:
///
/// ```text
/// match account.lock().await {
///     mut _guard => {
///         let (balance, state) = Held::held(&mut _guard);
///         { .. }
///     }
/// }
/// ```
#[macro_export]
macro_rules! with_lock {
    ($($call:tt)*) => { $crate::__private::with_lock!($crate; $($call)*) };
}
