//! The command line: the application's options and the framework's in one command.
//!
//! Nothing is printed here and nobody exits: what a program would print and return is the [`Exit`], so that
//! tests can read it.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::error::{ContextKind, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use self::framework::{Framework, Help};
use super::diagnosis;
use super::error::StartError;
use super::memory_map;
use super::options::Options;
use crate::{mem, task};

mod framework;

const APPLICATION: &str = "Application options";
const HELP_SEASTAR: &str = "seastar.help_seastar";
const MEMORY_MAP: &str = "seastar.memory_map";

/// How a program ends that does not start: what it prints and returns.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Exit {
    pub(crate) code: u8,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Exit {
    /// Prints the text. A reader that is gone (`program --help | head -1`) does not matter.
    pub(crate) fn report(&self) -> ExitCode {
        let _ = std::io::stdout().write_all(self.stdout.as_bytes());
        let _ = std::io::stdout().flush();
        let _ = std::io::stderr().write_all(self.stderr.as_bytes());
        ExitCode::from(self.code)
    }

    fn help(stdout: String) -> Exit {
        Exit { code: 0, stdout, stderr: String::new() }
    }

    fn failure(code: u8, stderr: String) -> Exit {
        Exit { code, stdout: String::new(), stderr }
    }
}

impl From<StartError> for Exit {
    fn from(error: StartError) -> Exit {
        Exit::failure(1, format!("Could not initialize seastar: {error}\n"))
    }
}

impl From<clap::Error> for Exit {
    /// C++ Seastar prints wrong options on stdout; here they go to stderr like every other failure, so
    /// that a pipe gets results or nothing. The codes are the same: 2 for what cannot be read, 1 for what is
    /// missing and for log levels.
    fn from(error: clap::Error) -> Exit {
        let text = error.render().to_string();
        match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::help(text),
            ErrorKind::MissingRequiredArgument => Exit::failure(1, text),
            _ if is_about_logging(&error) => {
                Exit::failure(1, text.replacen("error:", "logging configuration error:", 1))
            }
            _ => Exit::failure(2, text),
        }
    }
}

fn is_about_logging(error: &clap::Error) -> bool {
    let option = error.get(ContextKind::InvalidArg).map(ToString::to_string).unwrap_or_default();
    error.kind() == ErrorKind::ValueValidation
        && framework::LOG_OPTIONS.iter().any(|name| option.contains(name))
}

impl Options {
    /// What the command line says, over what is set here; for programs that call [`run`](crate::run).
    /// `#[seastar::main]` does this by itself.
    ///
    /// Prints the help, or what is wrong, and ends the process if the command line asks for that.
    ///
    /// ```
    /// let options = seastar::Options::new().shards(1).grace_period_ms(500).from_args();
    /// assert_eq!(seastar::run(options, async || 7).unwrap(), 7);
    /// ```
    #[must_use]
    pub fn from_args(self) -> Options {
        self.from_args_with::<NoArgs>().0
    }

    /// [`from_args`](Self::from_args), with the program's own options, of which the same `--help` tells.
    ///
    /// ```
    /// use seastar::clap;
    ///
    /// #[derive(clap::Args)]
    /// struct Args {
    ///     /// Port to listen on
    ///     #[arg(long, default_value_t = 7777)]
    ///     port: u16,
    /// }
    ///
    /// let (options, args) = seastar::Options::new().shards(1).from_args_with::<Args>();
    /// assert_eq!(seastar::run(options, async move || args.port).unwrap(), 7777);
    /// ```
    #[must_use]
    pub fn from_args_with<A: Args>(self) -> (Options, A) {
        parse(self, std::env::args_os()).unwrap_or_else(|exit| {
            exit.report();
            std::process::exit(exit.code.into())
        })
    }
}

/// A program without options of its own.
pub(crate) struct NoArgs;

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

/// Reads the command line, program name first: the framework's options over those of `code`, and
/// the application's own.
pub(crate) fn parse<A: Args>(
    code: Options,
    argv: impl Iterator<Item = OsString>,
) -> Result<(Options, A), Exit> {
    let (mut command, mut matches) = read(&code, argv.collect(), A::augment_args)?;
    let mut failed = |error: clap::Error| Exit::from(error.format(&mut command));
    let framework = Framework::from_arg_matches_mut(&mut matches).map_err(&mut failed)?;
    let application = A::from_arg_matches_mut(&mut matches).map_err(&mut failed)?;
    Ok((framework.over(code), application))
}

/// The part of [`parse`] that is the same for all applications.
fn read(
    code: &Options,
    argv: Vec<OsString>,
    augment: fn(Command) -> Command,
) -> Result<(Command, ArgMatches), Exit> {
    let application = augment(Command::new(code.name.unwrap_or("program")).next_help_heading(APPLICATION));
    check_clashes(&application)?;
    let versioned = code.version.is_some() || application.get_version().is_some();
    let mut command = help_flags(application, versioned);
    if code.name.is_none() {
        command = command.display_name(file_name(&argv));
    }
    if let Some(about) = code.about {
        command = command.about(about).long_about(None::<&'static str>);
    }
    if let Some(version) = code.version {
        command = command.version(version);
    }
    let mut command = framework::augment(command, code, Help::Short);
    if wants(HELP_SEASTAR, &command, &argv) {
        return Err(Exit::help(help_seastar(code, &argv)));
    }
    if wants(MEMORY_MAP, &command, &argv) {
        return Err(Exit::help(memory_map::describe(task::pools(), mem::locals_size())));
    }
    let matches = command.try_get_matches_from_mut(argv)?;
    Ok((command, matches))
}

/// Our own flags in place of clap's, which would stand first, under a heading of their own.
fn help_flags(application: Command, versioned: bool) -> Command {
    let help = Arg::new("seastar.help").short('h').long("help").action(ArgAction::Help).global(true);
    let seastar = Arg::new(HELP_SEASTAR).long("help-seastar").action(ArgAction::SetTrue);
    let version = Arg::new("seastar.version").long("version").action(ArgAction::Version);
    let command = application
        .disable_help_flag(true)
        .disable_version_flag(true)
        .next_help_heading(APPLICATION)
        .arg(help.help("Print this help"))
        .arg(seastar.help("Explain the Seastar options, and tell what this machine offers"));
    if versioned { command.arg(version.help("Print the version")) } else { command }
}

/// An application's option with a name of ours would be a panic of clap's in debug builds, and a silent
/// choice between the two in others.
fn check_clashes(application: &Command) -> Result<(), Exit> {
    let ours = Framework::augment_args(help_flags(Command::new("seastar"), true));
    for arg in application.get_arguments() {
        let clash = ours.get_arguments().find_map(|our| {
            let long = our.get_long().filter(|long| arg.get_long() == Some(long));
            let short = our.get_short().filter(|short| arg.get_short() == Some(*short));
            long.map(|long| format!("--{long}")).or(short.map(|short| format!("-{short}")))
        });
        if let Some(name) = clash {
            let text =
                format!("error: the program's option {name} is one of Seastar's; give it another name\n");
            return Err(Exit::failure(1, text));
        }
    }
    Ok(())
}

/// Whether the flag is there, with other mistakes overlooked: who asks for help need not know what the
/// application requires.
fn wants(flag: &str, command: &Command, argv: &[OsString]) -> bool {
    let lenient = command.clone().ignore_errors(true);
    lenient.try_get_matches_from(argv).is_ok_and(|matches| {
        // Without the default that clap adds when all is well.
        matches!(matches.try_get_one(flag), Ok(Some(true)))
    })
}

fn help_seastar(code: &Options, argv: &[OsString]) -> String {
    let command = Command::new("seastar").bin_name(file_name(argv)).disable_help_flag(true);
    let options = framework::augment(command, code, Help::Long).render_long_help();
    format!("{options}\n{}", diagnosis::describe(code))
}

fn file_name(argv: &[OsString]) -> String {
    let name = argv.first().and_then(|path| Path::new(path).file_name());
    name.map_or("program".to_owned(), |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests;
