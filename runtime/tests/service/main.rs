//! Services through their public face.
#![allow(missing_docs)]

mod calls;
mod ending;
mod limited;
#[allow(dead_code)]
#[path = "../support/random.rs"]
mod random;
#[path = "../support/run.rs"]
mod run;
mod starting;
mod stopping;
mod stress;

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

/// Polls once.
fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::Pin::new(future).poll(&mut context) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}
