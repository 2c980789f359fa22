//! All services of a program, on the shard that leads: what runs, and in which order it was started.

use std::cell::RefCell;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::table;
use super::word::{SERVICES_MAX, Word};
use crate::sync::{Gate, OwnedGateHolder};

/// The shard that starts and stops services.
pub(super) const LEADER: usize = 0;

/// How a service is stopped when the program ends: a failure is logged.
pub(super) type StopAtEnd = fn(Word, &'static Location<'static>) -> Pin<Box<dyn Future<Output = ()>>>;

pub(super) struct Registry {
    /// By place.
    running: RefCell<Vec<Option<Entry>>>,
}

struct Entry {
    word: Word,
    started_at: &'static Location<'static>,
    stop_at_end: StopAtEnd,
    /// Whoever starts it is inside.
    starting: Rc<Gate>,
    /// Whoever stops it is inside.
    stopping: Option<Rc<Gate>>,
}

/// What one has to do who wants a service to be stopped.
pub(super) enum Stop {
    /// Wait until it has started, and then do it, inside this gate.
    Do(Rc<Gate>, OwnedGateHolder),
    /// Wait for the one who does it.
    Wait(Rc<Gate>),
    /// Nothing: it has stopped.
    Nothing,
}

impl Registry {
    pub(super) fn new() -> Registry {
        Registry { running: RefCell::new(Vec::new()) }
    }

    /// A word for a service that is being started, until the holder is dropped.
    pub(super) fn add(
        &self,
        only: Option<usize>,
        started_at: &'static Location<'static>,
        stop_at_end: StopAtEnd,
    ) -> (Word, OwnedGateHolder) {
        static STARTS: AtomicU64 = AtomicU64::new(1);
        let mut running = self.running.borrow_mut();
        let free = running.iter().position(Option::is_none);
        let place = free.unwrap_or(running.len());
        assert!(place < SERVICES_MAX, "{SERVICES_MAX} services run in this program; no more fit");
        let word = Word::new(STARTS.fetch_add(1, Ordering::Relaxed), only, place);
        let starting = Rc::new(Gate::new());
        let holder = inside(&starting);
        let entry = Entry { word, started_at, stop_at_end, starting, stopping: None };
        match free {
            Some(place) => running[place] = Some(entry),
            None => running.push(Some(entry)),
        }
        (word, holder)
    }

    /// Somebody wants the service to be stopped.
    pub(super) fn stop(&self, word: Word) -> Stop {
        let mut running = self.running.borrow_mut();
        let entry = running.get_mut(word.place()).and_then(Option::as_mut);
        let Some(entry) = entry.filter(|entry| entry.word == word) else { return Stop::Nothing };
        if let Some(stopping) = &entry.stopping {
            return Stop::Wait(stopping.clone());
        }
        let stopping = Rc::new(Gate::new());
        let holder = inside(&stopping);
        entry.stopping = Some(stopping);
        Stop::Do(entry.starting.clone(), holder)
    }

    /// Nobody stops the service after all.
    pub(super) fn stop_later(&self, word: Word) {
        let mut running = self.running.borrow_mut();
        let entry = running.get_mut(word.place()).and_then(Option::as_mut);
        if let Some(entry) = entry.filter(|entry| entry.word == word) {
            entry.stopping = None;
        }
    }

    /// The service has stopped; its place may be used again.
    pub(super) fn remove(&self, word: Word) {
        let mut running = self.running.borrow_mut();
        let entry = running.get_mut(word.place());
        drop(entry.and_then(|entry| entry.take_if(|entry| entry.word == word)));
    }

    /// The service that was started last.
    pub(super) fn last(&self) -> Option<(Word, &'static Location<'static>, StopAtEnd)> {
        let running = self.running.borrow();
        let last = running.iter().flatten().max_by_key(|entry| entry.word)?;
        Some((last.word, last.started_at, last.stop_at_end))
    }
}

fn inside(gate: &Rc<Gate>) -> OwnedGateHolder {
    gate.hold_owned().expect("a new gate is open")
}

/// Whether services run in this program. Asked on the shard that leads.
pub(crate) fn has_services() -> bool {
    table::with_registry(|registry| registry.last().is_some()).unwrap_or(false)
}
