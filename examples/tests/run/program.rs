//! An example as a child process.

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, Once};
use std::thread;
use std::time::{Duration, Instant};

/// Far above what anything here takes, on a machine however busy: its end means that a program hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Dropping it kills it.
pub struct Program {
    name: String,
    child: Child,
    started: Instant,
    pub stdout: Output,
    pub stderr: Output,
}

/// How a program ended.
pub struct Finished {
    /// `None` if a signal killed it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    /// From before it was started until after its end was noticed, so never too short.
    pub elapsed: Duration,
}

impl Program {
    pub fn start(name: &str, arguments: &[&str]) -> Program {
        Program::start_with(name, arguments, Stdio::null())
    }

    fn start_with(name: &str, arguments: &[&str], stdin: Stdio) -> Program {
        let mut command = Command::new(path(name));
        // After the examples were built.
        let started = Instant::now();
        command.args(arguments).stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        // What shells start in the background ignores SIGINT, and would hand that on.
        // SAFETY: signal(2) is async-signal-safe, and touches no memory.
        unsafe {
            command.pre_exec(|| {
                libc::signal(libc::SIGINT, libc::SIG_DFL);
                Ok(())
            });
        }
        let mut child = command.spawn().expect("the example starts");
        let stdout = Output::collect(child.stdout.take().expect("stdout is a pipe"));
        let stderr = Output::collect(child.stderr.take().expect("stderr is a pipe"));
        let name = format!("{name} {}", arguments.join(" "));
        Program { name, child, started, stdout, stderr }
    }

    /// Sends `INT` or another signal.
    pub fn signal(&self, signal: &str) {
        // The shell's own `kill`, which is there wherever a shell is.
        let kill = format!("kill -{signal} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("sh starts").success());
    }

    /// Waits for its end.
    pub fn finish(mut self) -> Finished {
        let code = loop {
            match self.child.try_wait().expect("the child is ours") {
                Some(status) => break status.code(),
                None if self.started.elapsed() > PATIENCE => panic!("{} does not end", self.describe()),
                None => thread::sleep(Duration::from_millis(1)),
            }
        };
        let elapsed = self.started.elapsed();
        Finished { code, stdout: self.stdout.whole(), stderr: self.stderr.whole(), elapsed }
    }

    fn describe(&self) -> String {
        let (stdout, stderr) = (self.stdout.so_far(), self.stderr.so_far());
        format!("`{}`, which printed\n{stdout}\nand on stderr\n{stderr}\n", self.name)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs an example to its end.
pub fn run(name: &str, arguments: &[&str]) -> Finished {
    Program::start(name, arguments).finish()
}

/// Runs an example to its end, which has `input` to read.
pub fn run_with_input(name: &str, arguments: &[&str], input: &str) -> Finished {
    let (reader, mut writer) = io::pipe().expect("there are descriptors");
    writer.write_all(input.as_bytes()).expect("a pipe holds so much");
    drop(writer);
    Program::start_with(name, arguments, reader.into()).finish()
}

/// The option for two shards, also where there is one CPU.
pub fn two_shards() -> &'static [&'static str] {
    let cpus = thread::available_parallelism().map_or(1, usize::from);
    if cpus > 1 { &["-c2"] } else { &["-c2", "--overprovisioned"] }
}

/// Cargo puts examples beside the folder of the tests, and tells neither where.
fn path(name: &str) -> PathBuf {
    static BUILT: Once = Once::new();
    let mut path = std::env::current_exe().expect("a test has a path");
    path.pop();
    path.pop();
    BUILT.call_once(|| build(&path));
    path.extend(["examples", name]);
    assert!(path.exists(), "{} is missing; run `cargo build --examples`", path.display());
    path
}

/// Builds the examples as this test was built: with a choice of targets, cargo leaves out or as they are those that were not chosen.
fn build(folder: &Path) {
    let Some(cargo) = std::env::var_os("CARGO") else { return };
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", env!("CARGO_PKG_NAME"), "--examples", "--profile"]);
    let profile = folder.file_name().expect("a test lies in a folder");
    command.arg(if profile == "debug" { "dev".as_ref() } else { profile });
    let mut target = folder.parent().expect("the folder of a profile lies in another");
    // That of the platform, if one was named.
    if !target.join("CACHEDIR.TAG").exists()
        && let (Some(platform), Some(parent)) = (target.file_name(), target.parent())
    {
        command.arg("--target").arg(platform);
        target = parent;
    }
    let built = command.arg("--target-dir").arg(target).status().expect("cargo starts");
    assert!(built.success(), "the examples cannot be built");
}

/// What a program prints, as it comes.
#[derive(Clone, Default)]
pub struct Output {
    shared: Arc<(Mutex<Collected>, Condvar)>,
}

#[derive(Default)]
struct Collected {
    bytes: Vec<u8>,
    ended: bool,
}

impl Output {
    fn collect(mut pipe: impl Read + Send + 'static) -> Output {
        let output = Output::default();
        let collector = output.clone();
        thread::spawn(move || {
            let mut chunk = [0; 4096];
            loop {
                let read = pipe.read(&mut chunk).unwrap_or(0);
                let (collected, changed) = &*collector.shared;
                let mut collected = collected.lock().expect("no reader panics");
                collected.bytes.extend_from_slice(&chunk[..read]);
                collected.ended = read == 0;
                changed.notify_all();
                if collected.ended {
                    return;
                }
            }
        });
        output
    }

    /// Waits until `find` finds what it looks for in all that was printed so far.
    pub fn wait_for<T>(&self, find: impl Fn(&str) -> Option<T>) -> T {
        let (found, text) = self.watch(|text, _| find(text));
        found.unwrap_or_else(|| panic!("not what was expected: {text}"))
    }

    /// All that was printed, once the program has closed its end.
    fn whole(&self) -> String {
        self.watch(|_, ended| ended.then_some(())).1
    }

    fn so_far(&self) -> String {
        self.watch(|_, _| Some(())).1
    }

    fn watch<T>(&self, find: impl Fn(&str, bool) -> Option<T>) -> (Option<T>, String) {
        let (collected, changed) = &*self.shared;
        let mut collected = collected.lock().expect("no reader panics");
        let end = Instant::now() + PATIENCE;
        loop {
            let text = String::from_utf8_lossy(&collected.bytes).into_owned();
            let found = find(&text, collected.ended);
            let left = end.saturating_duration_since(Instant::now());
            if found.is_some() || collected.ended || left.is_zero() {
                return (found, text);
            }
            collected = changed.wait_timeout(collected, left).expect("no reader panics").0;
        }
    }
}
