//! SIGINT and SIGTERM: the first asks the program to stop, the second kills it.
//!
//! A handler and not a signalfd, so that the second signal also kills a shard that is stuck in a loop.

use std::os::fd::RawFd;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::{io, mem, ptr};

use super::event::Event;

/// Signals that came since the last [`watch`].
static COUNT: AtomicUsize = AtomicUsize::new(0);
/// The signal that came first.
static FIRST: AtomicI32 = AtomicI32::new(0);
static RAISED: OnceLock<Event> = OnceLock::new();

/// Programs of this process that want to know of signals.
static WATCHERS: Mutex<usize> = Mutex::new(0);

/// Handles SIGTERM from now on, and SIGINT with `interrupt`.
pub(crate) fn watch(interrupt: bool) -> io::Result<()> {
    let mut watchers = WATCHERS.lock().unwrap_or_else(PoisonError::into_inner);
    if RAISED.get().is_none() {
        let event = Event::new()?;
        RAISED.get_or_init(|| event);
    }
    if *watchers == 0 {
        RAISED.get().into_iter().for_each(Event::clear);
        COUNT.store(0, Ordering::Relaxed);
        FIRST.store(0, Ordering::Relaxed);
    }
    install(libc::SIGTERM, handle as *const () as usize)?;
    if interrupt {
        install(libc::SIGINT, handle as *const () as usize)?;
    }
    *watchers += 1;
    Ok(())
}

/// Gives both signals back to their default action, with the last who watched.
pub(crate) fn unwatch() {
    let mut watchers = WATCHERS.lock().unwrap_or_else(PoisonError::into_inner);
    *watchers -= 1;
    if *watchers == 0 {
        for signal in [libc::SIGINT, libc::SIGTERM] {
            let _ = install(signal, libc::SIG_DFL);
        }
    }
}

/// A descriptor that becomes readable when the first signal comes.
pub(crate) fn descriptor() -> Option<RawFd> {
    RAISED.get().map(Event::fd)
}

/// The name of the signal that asked to stop, if one came.
pub(crate) fn raised() -> Option<&'static str> {
    match FIRST.load(Ordering::Relaxed) {
        libc::SIGINT => Some("SIGINT"),
        libc::SIGTERM => Some("SIGTERM"),
        _ => None,
    }
}

/// Runs on whichever thread the kernel picks, so only async-signal-safe calls (signal-safety(7)).
extern "C" fn handle(signal: libc::c_int) {
    if COUNT.fetch_add(1, Ordering::Relaxed) == 0 {
        FIRST.store(signal, Ordering::Relaxed);
        if let Some(event) = RAISED.get() {
            event.raise();
        }
        return;
    }
    let _ = install(signal, libc::SIG_DFL);
    // SAFETY: `raise` is async-signal-safe; with the default action back, it ends the process once
    // this handler returns.
    unsafe { libc::raise(signal) };
}

fn install(signal: libc::c_int, action: usize) -> io::Result<()> {
    // SAFETY: all-zero is a valid sigaction; the handler is a function of the right type or SIG_DFL.
    let failed = unsafe {
        let mut new: libc::sigaction = mem::zeroed();
        new.sa_sigaction = action;
        new.sa_flags = libc::SA_RESTART;
        libc::sigaction(signal, &new, ptr::null_mut()) != 0
    };
    if failed { Err(io::Error::last_os_error()) } else { Ok(()) }
}
