//! Looking for one type of failure among those that an error may hold.

use std::error::Error;
use std::io;

/// An error that may be, or hold, an `X`; what
/// [`handle_error_type`](super::FutureExt::handle_error_type) asks.
///
/// Implement it for an enum of errors to let its variants be handled by type:
///
/// ```
/// use seastar::future::{FutureExt, OfType};
///
/// #[derive(Debug, PartialEq)]
/// struct NotFound;
/// #[derive(Debug, PartialEq)]
/// enum StoreError {
///     NotFound(NotFound),
///     Full,
/// }
///
/// impl OfType<NotFound> for StoreError {
///     fn of_type(self) -> Result<NotFound, StoreError> {
///         match self {
///             StoreError::NotFound(inner) => Ok(inner),
///             other => Err(other),
///         }
///     }
/// }
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let lookup = async { Err(StoreError::NotFound(NotFound)) };
///     assert_eq!(lookup.handle_error_type(async |NotFound| Ok(None::<u8>)).await, Ok(None));
///     let lookup = async { Err(StoreError::Full) };
///     assert_eq!(lookup.handle_error_type(async |NotFound| Ok(None::<u8>)).await, Err(StoreError::Full));
/// }
/// ```
pub trait OfType<X>: Sized {
    /// The `X` in here, or the error as it was.
    fn of_type(self) -> Result<X, Self>;
}

impl<X: Error + 'static> OfType<X> for Box<dyn Error> {
    fn of_type(self) -> Result<X, Self> {
        self.downcast().map(|error| *error)
    }
}

impl<X: Error + 'static> OfType<X> for Box<dyn Error + Send> {
    fn of_type(self) -> Result<X, Self> {
        self.downcast().map(|error| *error)
    }
}

impl<X: Error + 'static> OfType<X> for Box<dyn Error + Send + Sync> {
    fn of_type(self) -> Result<X, Self> {
        self.downcast().map(|error| *error)
    }
}

impl<X: Error + Send + Sync + 'static> OfType<X> for io::Error {
    fn of_type(self) -> Result<X, Self> {
        self.downcast()
    }
}
