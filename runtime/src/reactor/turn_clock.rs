//! The time as the loop knows it: read at most twice a turn, and not at all in a turn that needs none.

use std::cell::Cell;

use crate::sys::clock;

pub(super) struct TurnClock {
    now: Cell<u64>,
    /// Whether `now` is of this turn, or of the moment between the last one and this.
    known: Cell<bool>,
    /// Whether somebody computed a deadline from it, which moves when the turn ends.
    used: Cell<bool>,
    turn: Cell<u32>,
    longest_turn: Cell<u64>,
}

impl TurnClock {
    pub(super) fn new() -> TurnClock {
        TurnClock {
            now: Cell::new(0),
            known: Cell::new(false),
            used: Cell::new(false),
            turn: Cell::new(0),
            longest_turn: Cell::new(0),
        }
    }

    /// The time, as of some moment of this turn that has passed.
    #[inline]
    pub(super) fn now(&self) -> u64 {
        if !self.known.get() {
            self.read();
        }
        self.now.get()
    }

    fn read(&self) {
        self.now.set(clock::now());
        self.known.set(true);
    }

    /// [`now`](Self::now), from which a deadline is computed.
    #[inline]
    pub(super) fn base(&self) -> u64 {
        self.used.set(true);
        self.now()
    }

    /// Counts turns.
    #[inline]
    pub(super) fn turn(&self) -> u32 {
        self.turn.get()
    }

    /// How long the longest turn was, of those in which a deadline was computed.
    pub(super) fn longest_turn(&self) -> u64 {
        self.longest_turn.get()
    }

    /// The turn ends. Returns how far deadlines that were computed in it have to move, in nanoseconds.
    #[inline]
    pub(super) fn end_turn(&self) -> u64 {
        self.turn.set(self.turn.get().wrapping_add(1));
        if !self.used.replace(false) {
            self.known.set(false);
            return 0;
        }
        let begin = self.now.get();
        self.read();
        let took = self.now.get().saturating_sub(begin);
        self.longest_turn.set(self.longest_turn.get().max(took));
        took
    }

    /// Time has passed outside of turns.
    #[inline]
    pub(super) fn forget(&self) {
        self.known.set(false);
    }
}
