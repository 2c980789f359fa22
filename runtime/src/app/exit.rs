//! What a main function may return.

use std::any::{Any, type_name};
use std::error::Error;
use std::fmt::Debug;
use std::io;
use std::process::ExitCode;

use super::error::StartError;

/// A result of `#[seastar::main]`, as an exit code.
///
/// `()` is 0; a number is itself; `Err` is logged and is 1.
///
/// ```
/// #[seastar::main(shards = 1)]
/// async fn main() -> Result<(), std::num::ParseIntError> {
///     let n: i32 = "7".parse()?;
///     assert_eq!(n, 7);
///     Ok(())
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no result of a program",
    label = "cannot become an exit code",
    note = "return `()`, a number, `std::process::ExitCode`, or a `Result` of one of them whose error is `Debug`"
)]
pub trait Exit: 'static {
    /// The exit code; failures are logged.
    #[doc(hidden)]
    fn into_code(self) -> ExitCode;

    /// The failure in words, if it is one.
    #[doc(hidden)]
    fn failure(&self) -> Option<String> {
        None
    }
}

impl Exit for () {
    fn into_code(self) -> ExitCode {
        ExitCode::SUCCESS
    }
}

impl Exit for ExitCode {
    fn into_code(self) -> ExitCode {
        self
    }
}

impl Exit for u8 {
    fn into_code(self) -> ExitCode {
        self.into()
    }
}

/// The low eight bits, as for exit(3).
impl Exit for i32 {
    fn into_code(self) -> ExitCode {
        (self as u8).into()
    }
}

impl Exit for std::convert::Infallible {
    fn into_code(self) -> ExitCode {
        match self {}
    }
}

impl<T: Exit, E: Debug + 'static> Exit for Result<T, E> {
    fn into_code(self) -> ExitCode {
        match self {
            Ok(output) => output.into_code(),
            Err(error) => {
                let (kind, text) = (type_name::<E>(), describe(&error));
                say!(Error, "Exiting on unhandled error: {kind} ({text})");
                ExitCode::FAILURE
            }
        }
    }

    fn failure(&self) -> Option<String> {
        match self {
            Ok(output) => output.failure(),
            Err(error) => Some(format!("{} ({})", type_name::<E>(), describe(error))),
        }
    }
}

/// The error as its author would show it to a user, where that is known of the type.
fn describe<E: Debug + 'static>(error: &E) -> String {
    let error: &dyn Any = error;
    fn shown<E: ToString + 'static>(error: &dyn Any) -> Option<String> {
        error.downcast_ref::<E>().map(E::to_string)
    }
    shown::<io::Error>(error)
        .or_else(|| shown::<Box<dyn Error>>(error))
        .or_else(|| shown::<Box<dyn Error + Send + Sync>>(error))
        .or_else(|| shown::<StartError>(error))
        .or_else(|| shown::<String>(error))
        .or_else(|| shown::<&'static str>(error))
        .unwrap_or_else(|| {
            let error = error.downcast_ref::<E>().expect("the type that it was made from");
            format!("{error:?}")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_as_their_authors_would() {
        let io = io::Error::new(io::ErrorKind::AddrInUse, "listen on 127.0.0.1:1: Address already in use");
        let failure = Err::<(), _>(io).failure().unwrap();
        assert_eq!(failure, "std::io::error::Error (listen on 127.0.0.1:1: Address already in use)");
        assert_eq!(Err::<(), _>(Some(7)).failure().unwrap(), "core::option::Option<i32> (Some(7))");
        assert_eq!(Ok::<_, ()>(3u8).failure(), None);
    }
}
