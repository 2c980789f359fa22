//! How a program is started.

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{self, ExitStatus, Output, Stdio};

use super::child::Child;
use crate::unblock;

/// Most that [`Command::output`] collects of each stream, unless told otherwise.
const OUTPUT_MAX: usize = 16 << 20;

/// A program to start, with what it gets.
///
/// Starting takes a millisecond or so, and is done by a helper thread ([`unblock`]). The program gets no descriptor of this one but those of
/// `stdin`, `stdout` and `stderr`, no blocked signals, and all CPUs of this program; not those of the shard that starts it, and not its
/// place in memory. It does get the soft limit on open files, which is raised at start, and, with the terminal, its Ctrl-C: see
/// [`process_group`](Self::process_group).
///
/// ```
/// use seastar::process::Command;
///
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let output = Command::new("printenv").arg("GREETING").env("GREETING", "hello").output().await?;
///     assert!(output.status.success());
///     assert_eq!(output.stdout, b"hello\n");
///     let missing = Command::new("no-such-program").status().await.unwrap_err();
///     assert_eq!(missing.kind(), std::io::ErrorKind::NotFound);
///     Ok(())
/// }
/// ```
///
/// With a folder, an environment and a process group of its own, and without what it complains of:
///
/// ```
/// use seastar::process::Command;
/// use std::process::Stdio;
///
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let script = Command::new("/bin/sh").args(["-c", "echo $HOME$GREETING; pwd; echo oh >&2"]);
///     let script = script.env_clear().env("GREETING", "hello").env("HOME", "/home").env_remove("HOME");
///     let output = script.current_dir("/").stderr(Stdio::null()).process_group(0).output().await?;
///     assert_eq!((output.stdout.as_slice(), output.stderr.as_slice()), (&b"hello\n/\n"[..], &b""[..]));
///     Ok(())
/// }
/// ```
#[derive(Debug)]
#[must_use = "nothing starts before `spawn`, `status` or `output` is awaited"]
pub struct Command {
    command: process::Command,
    stdin: Option<Stdio>,
    stdout: Option<Stdio>,
    stderr: Option<Stdio>,
    kill_on_drop: bool,
    output_max: usize,
}

impl Command {
    /// The program at this path, or of this name in a folder of `PATH`; without arguments, in this folder, with this program's environment
    /// and its stdin, stdout and stderr.
    pub fn new(program: impl AsRef<OsStr>) -> Command {
        process::Command::new(program).into()
    }

    /// One more argument.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Command {
        self.command.arg(argument);
        self
    }

    /// More arguments.
    pub fn args(mut self, arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Command {
        self.command.args(arguments);
        self
    }

    /// Sets a variable of the program's environment.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Command {
        self.command.env(name, value);
        self
    }

    /// Takes a variable out of it.
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Command {
        self.command.env_remove(name);
        self
    }

    /// Takes all variables out of it.
    pub fn env_clear(mut self) -> Command {
        self.command.env_clear();
        self
    }

    /// The folder in which the program starts.
    pub fn current_dir(mut self, folder: impl AsRef<Path>) -> Command {
        self.command.current_dir(folder);
        self
    }

    /// The program's stdin. Default: that of this program, and none for [`output`](Self::output).
    pub fn stdin(mut self, stdin: impl Into<Stdio>) -> Command {
        self.stdin = Some(stdin.into());
        self
    }

    /// The program's stdout. Default: that of this program.
    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Command {
        self.stdout = Some(stdout.into());
        self
    }

    /// The program's stderr. Default: that of this program.
    pub fn stderr(mut self, stderr: impl Into<Stdio>) -> Command {
        self.stderr = Some(stderr.into());
        self
    }

    /// Whether the program is killed when its [`Child`] is dropped before it has ended. Default: no, it goes on.
    pub fn kill_on_drop(mut self, kill: bool) -> Command {
        self.kill_on_drop = kill;
        self
    }

    /// The program's process group; 0 makes one of its own, which does not hear of Ctrl-C in the terminal. Default: that of this program.
    pub fn process_group(mut self, group: i32) -> Command {
        self.command.process_group(group);
        self
    }

    /// The most bytes that [`output`](Self::output) collects of each stream. Default: 16 MiB.
    pub fn output_max(mut self, bytes: usize) -> Command {
        self.output_max = bytes;
        self
    }

    /// Starts the program. A future that is dropped half-way may have started it; it is then treated like a [`Child`] that is dropped.
    ///
    /// # Errors
    ///
    /// Why it does not start, with its name: [`NotFound`](io::ErrorKind::NotFound), [`PermissionDenied`](io::ErrorKind::PermissionDenied).
    pub async fn spawn(self) -> io::Result<Child> {
        let Command { mut command, stdin, stdout, stderr, kill_on_drop, .. } = self;
        if let Some(stdin) = stdin {
            command.stdin(stdin);
        }
        if let Some(stdout) = stdout {
            command.stdout(stdout);
        }
        if let Some(stderr) = stderr {
            command.stderr(stderr);
        }
        let started = unblock(move || {
            let started = command.spawn();
            started.map(|child| Started::new(child, kill_on_drop)).map_err(|error| {
                let program = command.get_program().to_string_lossy();
                io::Error::new(error.kind(), format!("start {program}: {error}"))
            })
        });
        Child::new(started.await??)
    }

    /// Starts the program and waits for its end.
    ///
    /// # Errors
    ///
    /// As for [`spawn`](Self::spawn). That it fails is no error.
    pub async fn status(self) -> io::Result<ExitStatus> {
        let mut child = self.spawn().await?;
        drop((child.stdin.take(), child.stdout.take(), child.stderr.take()));
        child.wait().await
    }

    /// Starts the program, collects what it prints, and waits for its end. Its stdin is empty unless that was set.
    ///
    /// # Errors
    ///
    /// As for [`spawn`](Self::spawn), and [`FileTooLarge`](io::ErrorKind::FileTooLarge) if it prints more than
    /// [`output_max`](Self::output_max): then it is killed.
    pub async fn output(mut self) -> io::Result<Output> {
        self.stdin.get_or_insert_with(Stdio::null);
        self.stdout.get_or_insert_with(Stdio::piped);
        self.stderr.get_or_insert_with(Stdio::piped);
        let max = self.output_max;
        self.spawn().await?.output(max).await
    }
}

/// With the stdin, stdout and stderr that were set on it. Those of std cannot be asked for, so [`Command::output`] sets them anew.
impl From<process::Command> for Command {
    fn from(command: process::Command) -> Command {
        Command {
            command,
            stdin: None,
            stdout: None,
            stderr: None,
            kill_on_drop: false,
            output_max: OUTPUT_MAX,
        }
    }
}

/// A child on its way to the shard that asked for it.
pub(super) struct Started(Option<process::Child>, pub(super) bool);

impl Started {
    fn new(child: process::Child, kill_on_drop: bool) -> Started {
        Started(Some(child), kill_on_drop)
    }

    pub(super) fn take(&mut self) -> Option<process::Child> {
        self.0.take()
    }
}

/// Nobody waits for it any more.
impl Drop for Started {
    fn drop(&mut self) {
        if let Some(child) = self.0.take() {
            super::child::leave(child, self.1);
        }
    }
}
