//! Functions with `#[seastar::task]`: as futures they are what an `async fn` is, and with a pool they are
//! fibers.

#[path = "../support/run.rs"]
mod run;

mod calls;
mod order;
mod pools;
