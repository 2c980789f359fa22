//! What expansions of the macros call, and nobody else. May change in any release.

#[path = "private/check.rs"]
pub mod check;

pub use std::future::IntoFuture;
pub use std::ops::ControlFlow;
pub use std::option::Option;
pub use std::result::Result;

use std::panic::resume_unwind;
use std::process::ExitCode;

use clap::{ArgMatches, Args, Command, FromArgMatches};

use crate::Options;
pub use crate::app::background::{Ignore, Log, NoGate, Stop, background, background_calling};
use crate::app::cli;
use crate::app::error::StartError;
use crate::app::exit::Exit;
use crate::app::{Ended, run_to_end};
pub use crate::future::joined::{All, Child, Either, Pair, Race};
pub use crate::future::question::{FromResidual, Try, never};
pub use crate::sync::capacity::{Bounded, capacity};
pub use crate::sync::held::{Held, LockOneWay};
pub use seastar_macros::{
    background, do_with, when_all, when_all_succeed, when_any, with_gate, with_lock, with_semaphore,
    with_timeout,
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
    let (options, args) = match cli::parse::<A>(options, std::env::args_os()) {
        Ok(parsed) => parsed,
        Err(exit) => return exit.report(),
    };
    match run_to_end(options, async move || main(args).await) {
        Ok((Ended::Returned(output), _)) => output.into_code(),
        Ok((Ended::Panicked(_), _)) => PANICKED.into(),
        // What failed is logged.
        Ok((Ended::Failed, _)) => ExitCode::FAILURE,
        // By a signal, in order: what was asked for.
        Ok((Ended::Stopped, _)) => ExitCode::SUCCESS,
        Err(error) => cli::Exit::from(error).report(),
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

/// A program without options of its own.
struct NoArgs;

impl Args for NoArgs {
    fn augment_args(command: Command) -> Command {
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        command
    }
}

impl FromArgMatches for NoArgs {
    fn from_arg_matches(_: &ArgMatches) -> Result<NoArgs, clap::Error> {
        Ok(NoArgs)
    }

    fn update_from_arg_matches(&mut self, _: &ArgMatches) -> Result<(), clap::Error> {
        Ok(())
    }
}
