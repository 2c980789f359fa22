//! Functions with `#[seastar::task]`: as futures they are what an `async fn` is.

mod calls;
mod order;
