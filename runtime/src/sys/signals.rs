//! Signals that somebody listens to: counted by a handler, and told by eventfds.
//!
//! Each listener has one of a fixed number of places. Its eventfd is made once and never closed, because a handler on another thread may be
//! about to write to it.

use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::event::Event;
use super::signal::{action, set_action};

/// Listeners of a process, of all shards.
const LISTENERS_MAX: usize = 1024;

struct Place {
    /// The signal that is listened to; 0 where the place is free.
    signal: AtomicI32,
    came: AtomicBool,
    event: OnceLock<Event>,
}

static PLACES: [Place; LISTENERS_MAX] =
    [const { Place { signal: AtomicI32::new(0), came: AtomicBool::new(false), event: OnceLock::new() } };
        LISTENERS_MAX];

/// The signals that are handled here, with the number of their listeners and what was done about them before.
static HANDLED: Mutex<Vec<(libc::c_int, usize, Before)>> = Mutex::new(Vec::new());

struct Before(libc::sigaction);

// SAFETY: what is in there are numbers, and the address of a function.
unsafe impl Send for Before {}

/// Hears of a signal until it is dropped.
#[derive(Debug)]
pub(crate) struct Listener(usize);

impl Listener {
    pub(crate) fn new(signal: libc::c_int) -> io::Result<Listener> {
        let mut handled = HANDLED.lock().unwrap_or_else(PoisonError::into_inner);
        let free = || PLACES.iter().position(|place| place.signal.load(Ordering::Relaxed) == 0);
        let number =
            free().ok_or_else(|| io::Error::other("too many listeners for signals in this process"))?;
        let place = &PLACES[number];
        if place.event.get().is_none() {
            let _ = place.event.set(Event::new()?);
        }
        place.came.store(false, Ordering::Relaxed);
        match handled.iter_mut().find(|(handled, ..)| *handled == signal) {
            Some((_, listeners, _)) => *listeners += 1,
            None => {
                let before = set_action(signal, Some(&action(handle as *const () as usize)))?;
                handled.push((signal, 1, Before(before)));
            }
        }
        place.signal.store(signal, Ordering::Release);
        Ok(Listener(number))
    }

    fn place(&self) -> &'static Place {
        &PLACES[self.0]
    }

    /// Whether the signal came since the last call. If not, the descriptor becomes readable when it does.
    pub(crate) fn take(&self) -> bool {
        self.place().event.get().into_iter().for_each(Event::clear);
        self.place().came.swap(false, Ordering::AcqRel)
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.place().event.get().map_or(-1, Event::fd)
    }
}

impl Drop for Listener {
    /// The last one gives the signal back to what was done about it before.
    fn drop(&mut self) {
        let mut handled = HANDLED.lock().unwrap_or_else(PoisonError::into_inner);
        let signal = self.place().signal.swap(0, Ordering::AcqRel);
        let Some(index) = handled.iter().position(|(handled, ..)| *handled == signal) else { return };
        handled[index].1 -= 1;
        if handled[index].1 == 0 {
            let (_, _, before) = handled.swap_remove(index);
            let _ = set_action(signal, Some(&before.0));
        }
    }
}

/// Runs on whichever thread the kernel picks, so only async-signal-safe calls (signal-safety(7)).
extern "C" fn handle(signal: libc::c_int) {
    for place in PLACES.iter().filter(|place| place.signal.load(Ordering::Acquire) == signal) {
        place.came.store(true, Ordering::Release);
        place.event.get().into_iter().for_each(Event::raise);
    }
}
