//! Tests that need a process of their own: the test binary runs itself again.

use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};

const CHILD: &str = "SEASTAR_TEST_CHILD";

/// Whether this process was started by [`again`] for `test`.
pub fn is_child(test: &str) -> bool {
    std::env::var(CHILD).is_ok_and(|name| name == test)
}

/// This binary, to run `test` alone, where [`is_child`] is true.
pub fn again(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(CHILD, test);
    command.stdin(Stdio::null());
    // What shells start in the background ignores SIGINT, and would hand that on.
    // SAFETY: signal(2) is async-signal-safe, and touches no memory.
    unsafe {
        command.pre_exec(|| {
            libc::signal(libc::SIGINT, libc::SIG_DFL);
            Ok(())
        });
    }
    command
}

/// Runs `test` in a process of its own and expects it to pass there.
#[allow(dead_code, reason = "not all tests run so")]
pub fn pass_in_child(test: &str) -> Output {
    let output = again(test).output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{test}: {}\n{stdout}\n{stderr}", output.status);
    assert!(stdout.contains("1 passed"), "{test} did not run:\n{stdout}");
    output
}
