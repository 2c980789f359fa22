//! Model to tokens.

mod block;
pub mod entry;
#[cfg(test)]
mod expect;
pub mod guarded;
pub mod joined;
mod leaving;
pub mod scope;
pub mod shard_local;
pub mod task;
pub mod timed;
