//! What expansions of the macros call, and nobody else. May change in any release.

#[path = "private/check.rs"]
pub mod check;
#[path = "private/service.rs"]
mod service;

use std::ffi::OsString;
pub use std::future::IntoFuture;
pub use std::ops::ControlFlow;
pub use std::option::Option;
use std::panic::resume_unwind;
use std::process::ExitCode;
pub use std::result::Result;

use clap::Args;

use crate::Options;
pub use crate::app::background::{Ignore, Log, NoGate, Stop, background, background_calling};
use crate::app::cli::{self, NoArgs};
use crate::app::error::StartError;
use crate::app::exit::Exit;
use crate::app::{Ended, run_to_end};
pub use crate::future::joined::{All, Child, Either, Pair, Race};
pub use crate::future::question::{FromResidual, Returning, Try, never};
pub use crate::smp::CALL_SIZE_MAX;
pub use crate::sync::capacity::{Bounded, capacity};
pub use crate::sync::held::{Held, LockOneWay};
pub use seastar_macros::{
    background, do_with, when_all, when_all_succeed, when_any, with_gate, with_lock, with_semaphore,
    with_timeout,
};

pub use self::service::{
    call_all, call_in_group, call_on, call_reduce, copied, method, nth_shard, refused, sent, start_service,
    sync_method,
};
pub use crate::task::{
    Arguments, Call, Pool, call, call_within, check_answer, check_message, check_size, future_size,
    slot_size, spawn_in,
};

/// Exit code of a main function that panicked, as for every Rust program.
const PANICKED: u8 = 101;

/// Runs `#[seastar::main] async fn main()`.
#[track_caller]
pub fn main<R: Exit, F: AsyncFnOnce() -> R + 'static>(options: Options, main: F) -> ExitCode {
    main_with_args::<NoArgs, R, _>(options, async move |_| main().await)
}

/// Runs `#[seastar::main] async fn main(args: A)`.
#[track_caller]
pub fn main_with_args<A, R, F>(options: Options, main: F) -> ExitCode
where
    A: Args + 'static,
    R: Exit,
    F: AsyncFnOnce(A) -> R + 'static,
{
    main_from(std::env::args_os(), options, main)
}

/// [`main_with_args`], with another command line, program name first.
#[track_caller]
pub fn main_from<A, R, F>(argv: impl Iterator<Item = OsString>, options: Options, main: F) -> ExitCode
where
    A: Args + 'static,
    R: Exit,
    F: AsyncFnOnce(A) -> R + 'static,
{
    let (options, args) = match cli::parse::<A>(options, argv) {
        Ok(parsed) => parsed,
        Err(exit) => return exit.report(),
    };
    // An `Err` becomes a code, and is logged, where its shard still has a name.
    match run_to_end(options, async move || main(args).await.into_code()) {
        Ok((ended, _)) => exit_code(ended),
        Err(error) => cli::Exit::from(error).report(),
    }
}

fn exit_code(ended: Ended<ExitCode>) -> ExitCode {
    match ended {
        Ended::Returned(code) => code,
        Ended::Panicked(_) => PANICKED.into(),
        // What failed is logged.
        Ended::Failed => ExitCode::FAILURE,
        // By a signal, in order: what was asked for.
        Ended::Stopped => ExitCode::SUCCESS,
    }
}

/// Runs a `#[seastar::test]`; panics if it fails.
#[track_caller]
pub fn test<R: Exit, F: AsyncFnOnce() -> R + 'static>(options: Options, name: &'static str, test: F) {
    let (ended, abandoned) = match run_to_end(options.for_test(), test) {
        Ok(ended) => ended,
        Err(error) => panic!("{name} could not start: {error}"),
    };
    match ended {
        Ended::Panicked(panic) => resume_unwind(panic),
        Ended::Stopped => panic!("{name}: {}", StartError::Stopped),
        Ended::Failed => panic!("{name}: background work failed; its error is logged above"),
        Ended::Returned(output) => {
            if let Some(failure) = output.failure() {
                panic!("{name} failed: {failure}");
            }
        }
    }
    assert!(
        abandoned == 0,
        "{name}: {abandoned} abandoned failed fiber(s) detected; their failures are logged above"
    );
}

/// What is in the `Ok`, and what is in the `Err`.
#[inline]
pub fn apart<T, E>(result: Result<T, E>) -> (Option<T>, Option<E>) {
    match result {
        Ok(value) => (Some(value), None),
        Err(error) => (None, Some(error)),
    }
}

/// `!`, which cannot be written as the output of a future.
pub type Never = <fn() -> ! as Returns>::Output;

/// What a function returns.
pub trait Returns {
    /// Its type.
    type Output;
}

impl<T> Returns for fn() -> T {
    type Output = T;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_tells_how_it_ended() {
        assert_eq!(exit_code(Ended::Returned(ExitCode::from(7))), ExitCode::from(7));
        assert_eq!(exit_code(Ended::Stopped), ExitCode::SUCCESS);
        assert_eq!(exit_code(Ended::Failed), ExitCode::FAILURE);
        assert_eq!(exit_code(Ended::Panicked(Box::new("text"))), ExitCode::from(101));
    }
}
