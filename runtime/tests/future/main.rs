//! Continuations, loops and promises. Ids are those of the project's semantics: FUT, LOOP, ALL and TMO.

#[path = "../support/child.rs"]
mod child;
#[allow(dead_code, reason = "others use more of it")]
#[path = "../support/random.rs"]
mod random;
#[path = "../support/run.rs"]
mod run;

mod all;
mod continuations;
mod loops;
mod parallel;
mod promises;
mod schedules;
mod streams;

use std::cell::Cell;
use std::rc::Rc;

/// Counts what it is told; clones count together.
#[derive(Clone, Debug, Default)]
struct Count(Rc<Cell<usize>>);

impl Count {
    fn get(&self) -> usize {
        self.0.get()
    }

    fn add(&self) {
        self.0.set(self.0.get() + 1);
    }

    /// Something whose drop is counted.
    fn on_drop(&self) -> OnDrop {
        OnDrop(self.clone())
    }
}

/// Counts when it is dropped.
#[derive(Debug)]
struct OnDrop(Count);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.add();
    }
}
