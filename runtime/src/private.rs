//! What expansions of the macros call, and nobody else. May change in any release.

#[path = "private/check.rs"]
pub mod check;

use std::panic::resume_unwind;
use std::process::ExitCode;

use clap::{ArgMatches, Args, Command, FromArgMatches};

use crate::Options;
use crate::app::cli;
use crate::app::error::StartError;
use crate::app::exit::Exit;
use crate::app::{Ended, run_to_end};

pub use crate::task::{
    Arguments, Call, Pool, call, call_within, check_size, future_size, slot_size, spawn_in,
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
