//! Sleeping and time limits.

mod abortable;
mod interval;
mod sleep;
mod timeout;

pub use abortable::{SleepAbortable, SleepAborted, sleep_abortable};
pub use interval::{Interval, interval};
pub use sleep::{Sleep, sleep, sleep_until};
pub use std::time::{Duration, Instant};
pub use timeout::{Elapsed, Timeout, timeout, timeout_at};
