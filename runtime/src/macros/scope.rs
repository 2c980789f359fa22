//! `do_with!`.

/// Keeps values for as long as a body runs (FUT-11): `do_with!(name = value, mut other = value => body)`.
///
/// The body may wait, and may lend the values to whatever it waits for. They are dropped in reverse order when it
/// is done, is left by `?`, `break`, `continue` or `return`, or is dropped half-way. The value of the call is
/// that of the body, and cannot borrow from what was kept. A later value may use the earlier names; a name
/// may be any pattern that always fits, with or without a type.
///
/// In C++ Seastar this moves the values to the heap. Here they are stored where the future that surrounds the
/// call is stored, once, and when the body is done the place is used for something else. That is also why one
/// writes it: a buffer that is bound by `let` occupies its place in the future to the end of the block around it.
///
/// ```
/// use seastar::{do_with, sleep};
/// use std::time::Duration;
///
/// async fn fill(buffer: &mut [u8]) -> usize {
///     sleep(Duration::from_micros(10)).await;
///     buffer.fill(7);
///     buffer.len()
/// }
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let sum: u32 = do_with!(mut buffer = [0; 100], half = buffer.len() / 2 => {
///         let filled = fill(&mut buffer[..half]).await;
///         assert_eq!(filled, 50);
///         buffer.iter().map(|byte| u32::from(*byte)).sum()
///     });
///     assert_eq!(sum, 350);
/// }
/// ```
///
/// The values are gone after the body, so this does not compile:
///
/// ```compile_fail,E0597
/// async fn first() {
///     let byte = seastar::do_with!(buffer = [1, 2, 3] => &buffer[0]);
///     println!("{byte}");
/// }
/// ```
///
/// # Expansion
///
/// ```text
/// {
///     let mut buffer = [0; 100];
///     let half = buffer.len() / 2;
///     { .. }
/// }
/// ```
#[macro_export]
macro_rules! do_with {
    ($($call:tt)*) => { $crate::__private::do_with!($crate; $($call)*) };
}
