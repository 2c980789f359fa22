//! Why no units of a semaphore were acquired, in words.

use std::fmt;

/// Why [`Semaphore::acquire`](super::Semaphore::acquire) got no units. Each tells the name of the semaphore, if it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SemaphoreError {
    /// The time was up first (SEM-7).
    TimedOut {
        /// Of the semaphore.
        name: Option<&'static str>,
    },
    /// The [`AbortSource`](super::AbortSource) was aborted first (SEM-8).
    Aborted {
        /// Of the semaphore.
        name: Option<&'static str>,
    },
    /// The semaphore was [broken](super::Semaphore::broken) (SEM-10).
    Broken {
        /// Of the semaphore.
        name: Option<&'static str>,
    },
    /// More units than the semaphore has at all: waiting for them would never end (SEM-4).
    OverCapacity {
        /// Of the semaphore.
        name: Option<&'static str>,
        /// How many were asked for.
        units: usize,
        /// How many there are.
        capacity: usize,
    },
}

impl fmt::Display for SemaphoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use SemaphoreError::{Aborted, Broken, OverCapacity, TimedOut};
        match *self {
            // In one word, as in C++ Seastar.
            TimedOut { name: None } => f.write_str("Semaphore timedout"),
            TimedOut { name: Some(name) } => write!(f, "Semaphore timed out: {name}"),
            Aborted { name: None } => f.write_str("Semaphore aborted"),
            Aborted { name: Some(name) } => write!(f, "Semaphore aborted: {name}"),
            Broken { name: None } => f.write_str("Semaphore broken"),
            Broken { name: Some(name) } => write!(f, "Semaphore broken: {name}"),
            OverCapacity { name, units, capacity } => {
                f.write_str("Semaphore over capacity: ")?;
                name.map_or(Ok(()), |name| write!(f, "{name}: "))?;
                write!(f, "{units} units asked of {capacity}")
            }
        }
    }
}

impl std::error::Error for SemaphoreError {}
