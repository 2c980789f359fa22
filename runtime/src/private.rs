//! What expansions of the macros call, and nobody else. May change in any release.

use std::ffi::OsString;
use std::panic::resume_unwind;
use std::process::ExitCode;

use clap::Args;

use crate::Options;
use crate::app::cli::{self, NoArgs};
use crate::app::error::StartError;
use crate::app::exit::Exit;
use crate::app::{Ended, run_to_end};
pub use crate::sync::capacity::{Bounded, capacity};

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
        Ok((Ended::Returned(code), _)) => code,
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
