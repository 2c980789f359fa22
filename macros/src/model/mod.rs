//! What the macros mean, with the surface syntax gone.

pub mod entry;
pub mod shard_local;
pub mod task;
