//! The feature `tracing`. The subscriber is the process's, so each test has one of its own.

#[path = "../support/child.rs"]
mod child;
#[allow(dead_code, reason = "others count in another way")]
#[path = "../support/counting.rs"]
mod counting;
#[path = "../support/guard.rs"]
mod guard;
#[allow(dead_code, reason = "others use more of it")]
#[path = "../support/run.rs"]
mod run;

mod lines;
mod own;
mod recorder;
