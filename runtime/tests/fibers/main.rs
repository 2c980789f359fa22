//! Fibers: how they start, end, fail and wake. Ids are those of the project's semantics: FUT and PRE.

#[path = "../support/guard.rs"]
mod guard;
#[path = "../support/run.rs"]
mod run;

mod ending;
mod limits;
mod waking;

use std::cell::Cell;
use std::rc::Rc;

/// Counts the drops of its clones.
#[derive(Clone, Debug, Default)]
struct Dropped(Rc<Cell<usize>>);

impl Dropped {
    fn count(&self) -> usize {
        self.0.get()
    }

    /// Something whose drop is counted.
    fn token(&self) -> Token {
        Token(self.clone())
    }
}

#[derive(Debug)]
struct Token(Dropped);

impl Drop for Token {
    fn drop(&mut self) {
        self.0.0.set(self.0.count() + 1);
    }
}
