//! SIGINT and SIGTERM: the first asks the program to stop, the second kills it.
//!
//! A handler and not a signalfd, so that the second signal also kills a shard that is stuck in a loop.
//! A signal that is ignored when the program starts stays ignored, as `nohup` and background jobs of
//! shells expect.

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

static WATCHED: Mutex<Watched> = Mutex::new(Watched { watchers: 0, before: Vec::new() });

struct Watched {
    /// Programs of this process that want to know of signals.
    watchers: usize,
    /// The signals that are handled, and what was done about them before.
    before: Vec<(libc::c_int, libc::sigaction)>,
}

/// Handles SIGTERM from now on, and SIGINT with `interrupt`.
pub(crate) fn watch(interrupt: bool) -> io::Result<()> {
    let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    if RAISED.get().is_none() {
        let event = Event::new()?;
        RAISED.get_or_init(|| event);
    }
    if watched.watchers == 0 {
        RAISED.get().into_iter().for_each(Event::clear);
        COUNT.store(0, Ordering::Relaxed);
        FIRST.store(0, Ordering::Relaxed);
    }
    watched.handle(libc::SIGTERM)?;
    if interrupt {
        watched.handle(libc::SIGINT)?;
    }
    watched.watchers += 1;
    Ok(())
}

/// Gives both signals back to whatever was done about them before, with the last who watched.
pub(crate) fn unwatch() {
    let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    watched.watchers -= 1;
    if watched.watchers == 0 {
        for (signal, before) in watched.before.drain(..) {
            let _ = set_action(signal, Some(&before));
        }
    }
}

impl Watched {
    fn handle(&mut self, signal: libc::c_int) -> io::Result<()> {
        if self.before.iter().any(|(handled, _)| *handled == signal) {
            return Ok(());
        }
        let before = set_action(signal, None)?;
        if before.sa_sigaction != libc::SIG_IGN {
            let before = set_action(signal, Some(&action(handle as *const () as usize)))?;
            self.before.push((signal, before));
        }
        Ok(())
    }
}

/// Whether this signal stops the program in order.
pub(crate) fn is_watched(signal: libc::c_int) -> bool {
    let watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    watched.watchers > 0 && watched.before.iter().any(|(handled, _)| *handled == signal)
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
    let _ = set_action(signal, Some(&action(libc::SIG_DFL)));
    // SAFETY: `raise` is async-signal-safe; with the default action back, it ends the process once
    // this handler returns.
    unsafe { libc::raise(signal) };
}

pub(super) fn action(handler: libc::sighandler_t) -> libc::sigaction {
    // SAFETY: all-zero is a valid sigaction.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = handler;
    action.sa_flags = libc::SA_RESTART;
    action
}

/// Sets what is done about a signal, or leaves it as it is; returns what was done before.
pub(super) fn set_action(signal: libc::c_int, new: Option<&libc::sigaction>) -> io::Result<libc::sigaction> {
    let mut old = action(libc::SIG_DFL);
    let new = new.map_or(ptr::null(), ptr::from_ref);
    // SAFETY: both actions are valid or null; handlers are functions of the right type, SIG_DFL, or what
    // the kernel gave us before.
    let failed = unsafe { libc::sigaction(signal, new, &mut old) != 0 };
    if failed { Err(io::Error::last_os_error()) } else { Ok(old) }
}
