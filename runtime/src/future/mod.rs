//! Continuations on futures: what `.await` does not say as well.
//!
//! Stands on `time`; everything here is a value in the caller's own future, and takes no other memory
//! unless it says so.

mod chain;
mod errors;
mod ext;
mod finally;
mod then;

pub use errors::OfType;
pub use ext::{FutureExt, TryFuture};
pub use finally::{Cleanup, Finally, FinallyError};
pub use then::{DiscardResult, HandleError, HandleErrorType, Then, ThenWrapped};
