//! What the macros mean, with the surface syntax gone.

pub mod detached;
pub mod entry;
pub mod guarded;
pub mod joined;
pub mod scope;
pub mod shard_local;
pub mod sharded;
pub mod task;
pub mod timed;
