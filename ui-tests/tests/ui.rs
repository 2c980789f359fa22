//! What a user sees: `fail/` must not compile and must say why, `pass/` must compile and run.
//!
//! `TRYBUILD=overwrite cargo test -p ui-tests` rewrites the messages. They are those of one compiler,
//! and so the test runs with that one only.

use std::process::Command;

const COMPILER: &str = "rustc 1.95.";

#[test]
fn ui() {
    let compiler = Command::new("rustc").arg("--version").output().expect("cargo needs it too");
    let compiler = String::from_utf8_lossy(&compiler.stdout);
    if !compiler.starts_with(COMPILER) {
        println!("skipped: the messages are those of {COMPILER}, and this is {compiler}");
        return;
    }
    let cases = trybuild::TestCases::new();
    cases.pass("pass/*/*.rs");
    cases.compile_fail("fail/*/*.rs");
}
