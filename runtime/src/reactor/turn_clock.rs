//! The time as the loop knows it: read at most twice a turn, and not at all in a turn that needs none.

use std::cell::Cell;

use crate::sys::clock;

/// Turns whose length is remembered.
const REMEMBERED: usize = 64;

pub(super) struct TurnClock {
    now: Cell<u64>,
    /// Whether `now` is of this turn, or of the moment between the last one and this.
    known: Cell<bool>,
    /// Whether somebody computed a deadline from it, which moves when the turn ends.
    used: Cell<bool>,
    /// Counts the turns in which somebody did.
    turn: Cell<u32>,
    /// How long the last of those took, by their number.
    took: [Cell<u64>; REMEMBERED],
    longest_turn: Cell<u64>,
}

impl TurnClock {
    pub(super) fn new() -> TurnClock {
        TurnClock {
            now: Cell::new(0),
            known: Cell::new(false),
            used: Cell::new(false),
            turn: Cell::new(0),
            took: [const { Cell::new(0) }; REMEMBERED],
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

    /// The number of the turn, of those in which a deadline is computed.
    #[inline]
    pub(super) fn turn(&self) -> u32 {
        self.turn.get()
    }

    /// How long a turn took that is over: at most so long, if that was long ago.
    pub(super) fn took(&self, turn: u32) -> u64 {
        match self.turn.get().wrapping_sub(turn) as usize {
            ago if ago <= REMEMBERED => self.took[turn as usize % REMEMBERED].get(),
            _ => self.longest_turn.get(),
        }
    }

    /// The turn ends. Returns how far deadlines that were computed in it have to move, in nanoseconds.
    #[inline]
    pub(super) fn end_turn(&self) -> u64 {
        if !self.used.replace(false) {
            self.known.set(false);
            return 0;
        }
        let begin = self.now.get();
        self.read();
        let took = self.now.get().saturating_sub(begin);
        let turn = self.turn.get();
        self.took[turn as usize % REMEMBERED].set(took);
        self.turn.set(turn.wrapping_add(1));
        self.longest_turn.set(self.longest_turn.get().max(took));
        took
    }

    /// Time has passed outside of turns.
    #[inline]
    pub(super) fn forget(&self) {
        self.known.set(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_that_took_long_does_not_count_for_others() {
        let clock = TurnClock::new();
        let turn = |nanos: u64| {
            let begin = clock.base();
            while clock::now() < begin + nanos {}
            let number = clock.turn();
            clock.end_turn();
            number
        };
        let (long, short) = (turn(20_000_000), turn(0));
        assert!(clock.took(long) >= 20_000_000);
        assert!(clock.took(short) < clock.took(long));
        clock.end_turn();
        assert_eq!(clock.turn(), short.wrapping_add(1), "a turn without a deadline has no number");
        (0..REMEMBERED).for_each(|_| _ = turn(0));
        assert_eq!(clock.took(short), clock.took(long), "forgotten: as long as the longest");
    }
}
