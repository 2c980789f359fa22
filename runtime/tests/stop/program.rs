//! A program in a process of its own: this test binary, which runs one of its tests again.

use std::any::type_name;
use std::io::Read;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use seastar::{Exit, Options, clap};

#[path = "../support/child.rs"]
pub mod child;

/// Far above what anything here takes, on a machine however busy: its end means that a program hangs.
const PATIENCE: Duration = Duration::from_secs(60);
const ARGUMENTS: &str = "SEASTAR_TEST_ARGUMENTS";

/// Two shards that share the machine with other tests.
pub const TWO_SHARDS: [&str; 3] = ["-c2", "-m128M", "--overprovisioned"];

/// How to start a program.
pub struct Program {
    test: String,
}

/// The program with this main function, of which each test has one at most. In the child this runs it, and
/// does not return.
pub fn program<R, M>(main: M) -> Program
where
    R: Exit,
    M: AsyncFnOnce() -> R + 'static,
{
    start_or_be(test_of::<M>(), |argv| {
        seastar::__private::main_from::<(), _, _>(argv, Options::new(), async move |()| main().await)
    })
}

/// [`program`], with options of its own.
pub fn program_with<A, R, M>(main: M) -> Program
where
    A: clap::Args + 'static,
    R: Exit,
    M: AsyncFnOnce(A) -> R + 'static,
{
    start_or_be(test_of::<M>(), |argv| seastar::__private::main_from::<A, _, _>(argv, Options::new(), main))
}

/// The test in which a closure stands, as the harness calls it.
fn test_of<M>() -> String {
    let path = type_name::<M>();
    let (_, path) = path.split_once("::").expect("a closure stands in a crate");
    path.split("::{{closure}}").next().unwrap_or(path).to_owned()
}

fn start_or_be(test: String, be: impl FnOnce(std::vec::IntoIter<std::ffi::OsString>) -> ExitCode) -> Program {
    if child::is_child(&test) {
        let arguments = std::env::var(ARGUMENTS).unwrap();
        let argv: Vec<_> = ["program"].into_iter().chain(arguments.lines()).map(Into::into).collect();
        let code = be(argv.into_iter());
        // The only way from an `ExitCode` to its number.
        let number = (0..=u8::MAX).find(|number| ExitCode::from(*number) == code);
        std::process::exit(number.unwrap().into());
    }
    Program { test }
}

impl Program {
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = child::again(&self.test);
        command.env(ARGUMENTS, arguments.join("\n")).env("RUST_BACKTRACE", "0");
        command
    }

    pub fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.command(arguments))
    }

    /// Runs it to its end.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        self.start(arguments).finish()
    }
}

/// Dropping it kills it.
pub struct Running {
    child: Child,
    started: Instant,
    stdout: Output,
    stderr: Output,
}

/// How a program ended, and all that it printed.
#[derive(Debug)]
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Running {
    pub fn start(mut command: Command) -> Running {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = Output::of(child.stdout.take().unwrap());
        let stderr = Output::of(child.stderr.take().unwrap());
        Running { child, started: Instant::now(), stdout, stderr }
    }

    pub fn signal(&self, signal: i32) {
        // SAFETY: kill(2) touches no memory; the child is not waited for yet, so the number is still its own.
        assert_eq!(unsafe { libc::kill(self.child.id() as i32, signal) }, 0);
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until it prints this on stdout; returns the rest of the line.
    pub fn prints(&mut self, text: &str) -> String {
        self.wait_for(|running| find(&running.stdout.so_far(), text))
    }

    /// Waits until it logs this; returns the rest of the line.
    pub fn logs(&mut self, text: &str) -> String {
        self.wait_for(|running| find(&running.stderr.so_far(), text))
    }

    fn wait_for(&mut self, look: impl Fn(&Running) -> Option<String>) -> String {
        loop {
            let ended = self.has_ended();
            if let Some(found) = look(self) {
                return found;
            }
            assert!(!ended && self.started.elapsed() < PATIENCE, "not what was expected: {self:?}");
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waits for its end.
    pub fn finish(mut self) -> Finished {
        while !self.has_ended() {
            assert!(self.started.elapsed() < PATIENCE, "it does not end: {self:?}");
            thread::sleep(Duration::from_millis(1));
        }
        let status = self.child.wait().unwrap();
        Finished { status, stdout: self.stdout.whole(), stderr: self.stderr.whole() }
    }
}

/// The rest of the line that contains `text`, once it is there.
fn find(all: &str, text: &str) -> Option<String> {
    let (_, rest) = all.split_once(text)?;
    Some(rest.split_once('\n')?.0.to_owned())
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "stdout:\n{}\nstderr:\n{}", self.stdout.so_far(), self.stderr.so_far())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Finished {
    #[track_caller]
    pub fn assert_code(&self, code: i32) {
        assert_eq!(self.status.code(), Some(code), "{self:?}");
    }

    #[track_caller]
    pub fn assert_killed_by(&self, signal: i32) {
        use std::os::unix::process::ExitStatusExt;
        assert_eq!(self.status.signal(), Some(signal), "{self:?}");
    }

    #[track_caller]
    pub fn assert_logged_once(&self, text: &str) {
        let lines = self.stderr.lines().filter(|line| line.contains(text)).count();
        assert_eq!(lines, 1, "`{text}` in {}", self.stderr);
    }
}

/// What a program prints, as it comes.
struct Output {
    text: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Output {
    fn of(mut pipe: impl Read + Send + 'static) -> Output {
        let text = Arc::new(Mutex::new(Vec::new()));
        let collected = text.clone();
        let reader = thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(len @ 1..) = pipe.read(&mut chunk) {
                collected.lock().unwrap().extend_from_slice(&chunk[..len]);
            }
        });
        Output { text, reader: Some(reader) }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().unwrap()).into_owned()
    }

    fn whole(&mut self) -> String {
        self.reader.take().unwrap().join().unwrap();
        self.so_far()
    }
}
