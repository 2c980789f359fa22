//! Results of fibers, as far as the runtime has to know them.

use std::any::type_name;
use std::fmt::{self, Debug, Write};

/// What a fiber may return: anything that can be printed.
///
/// Printing is asked for because a failure that nobody reads is reported (FUT-9): when the fiber's
/// result is an `Err` and its [`JoinHandle`](crate::JoinHandle) was dropped unread, the error is logged.
/// Every `Debug` type implements this.
///
/// ```
/// #[derive(Debug)]
/// struct Reply(u8);
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     assert_eq!(seastar::spawn(async { Reply(7) }).await.unwrap().0, 7);
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "the result of a fiber must be printable, and `{Self}` is not",
    label = "this fiber returns `{Self}`",
    note = "a failure that nobody reads is reported, so it has to have words: add `#[derive(Debug)]` to the type"
)]
pub trait Outcome: Debug + 'static {
    /// Whether [`is_failure`](Self::is_failure) can be true. Known when this is compiled.
    #[doc(hidden)]
    fn may_be_failure() -> bool;

    #[doc(hidden)]
    fn is_failure(&self) -> bool;
}

impl<T: Debug + 'static> Outcome for T {
    #[inline]
    fn may_be_failure() -> bool {
        type_name::<T>().starts_with("core::result::Result<")
    }

    #[inline]
    fn is_failure(&self) -> bool {
        T::may_be_failure() && is_err(self)
    }
}

/// Whether a `Result` of unknown types is an `Err`: its `Debug` form begins with the variant's name.
fn is_err(result: &dyn Debug) -> bool {
    let mut start = Start { bytes: [0; 4], len: 0 };
    let _ = write!(start, "{result:?}");
    start.bytes == *b"Err("
}

/// Keeps the first bytes of what is written to it and refuses the rest.
struct Start {
    bytes: [u8; 4],
    len: usize,
}

impl Write for Start {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            let place = self.bytes.get_mut(self.len).ok_or(fmt::Error)?;
            *place = byte;
            self.len += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn only_an_err_is_a_failure() {
        assert!(Err::<(), _>("no").is_failure());
        assert!(Err::<u64, _>(()).is_failure());
        assert!(Err::<Infallible, _>(()).is_failure(), "of no size");
        assert!(!Ok::<_, Infallible>(()).is_failure());
        assert!(!Ok::<_, String>(vec![1; 100]).is_failure());
        assert!(!().is_failure());
        assert!(!Some("Err(").is_failure());
        assert!(!"Err(looks like one)".is_failure());
    }
}
