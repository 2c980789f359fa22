//! An end for tests that would otherwise wait for ever.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

/// How long any test may take. Far more than the slowest machine needs.
const LIMIT: Duration = Duration::from_secs(90);

/// Ends the process when the test that holds this is still not done after [`LIMIT`].
#[must_use]
pub struct HangGuard {
    _done: Sender<()>,
}

/// Guards the calling test until the result is dropped.
pub fn guard(test: &'static str) -> HangGuard {
    let (done, wait) = mpsc::channel();
    thread::spawn(move || {
        if wait.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
            eprintln!("{test} hangs");
            std::process::abort();
        }
    });
    HangGuard { _done: done }
}
