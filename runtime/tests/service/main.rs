//! Services through their public face.
#![allow(missing_docs)]

mod calls;
mod ending;
#[path = "../support/run.rs"]
mod run;
mod starting;
mod stopping;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What happened, in order, on all shards.
#[derive(Clone, Default)]
struct Story(Arc<Mutex<Vec<String>>>);

impl Story {
    fn tell(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    fn told(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn tells(&self, what: &str) -> usize {
        self.told().iter().filter(|told| *told == what).count()
    }
}

/// Counts what lives.
#[derive(Clone, Default)]
struct Living(Arc<AtomicUsize>);

struct Life(Living);

impl Living {
    fn one(&self) -> Life {
        self.0.fetch_add(1, Ordering::Relaxed);
        Life(self.clone())
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}
