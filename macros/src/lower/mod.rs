//! Model to tokens.

mod block;
pub mod detached;
pub mod entry;
#[cfg(test)]
pub mod expect;
pub mod guarded;
pub mod joined;
mod leaving;
pub mod scope;
pub mod shard_local;
pub mod sharded;
pub mod task;
pub mod timed;
