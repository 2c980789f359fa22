//! What the tests have in common.

// Not all of them use all of it, and no shard runs it.
#![allow(dead_code, clippy::disallowed_methods)]

pub mod conversation;
pub mod server;
pub mod soak;
