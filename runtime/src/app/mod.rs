//! A program from its options to its exit code: start, stop, signals.

mod backend;
pub(crate) mod background;
pub(crate) mod cli;
pub(crate) mod config;
mod control;
mod diagnosis;
pub(crate) mod error;
pub(crate) mod exit;
pub(crate) mod log;
mod memory_map;
pub(crate) mod options;
mod shard;
mod start;
mod stopping;
mod supervisor;
pub(crate) mod units;

pub use background::NotStarted;
pub use start::run;
pub(crate) use start::run_to_end;
pub use stopping::{Stopping, is_stopping, stopping};
pub(crate) use supervisor::Ended;
