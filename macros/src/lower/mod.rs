//! Model to tokens.

pub mod entry;
#[cfg(test)]
pub mod expect;
pub mod shard_local;
pub mod task;
