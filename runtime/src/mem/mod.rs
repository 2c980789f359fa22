//! Memory of one shard: blocks by size class, within a budget.
//!
//! A block is a pop from a free list and goes back with a push; chunks come from the kernel, are kept,
//! and count against the shard's budget (`-m`). Blocks belong to the shard that took them.

mod arena;
pub(crate) mod class;
mod counted;
mod lane;
mod local;

pub(crate) use arena::{Memory, charge, give, keep, map_chunk, statistics, take, take_spare};
pub(crate) use counted::Counted;
pub(crate) use lane::Lane;
pub use local::ShardLocal;
pub(crate) use local::{Locals, locals_size};

/// What a shard's memory is used for, in bytes: the answer of [`memory_statistics`](crate::memory_statistics).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryStatistics {
    /// The budget of this shard (`-m` divided by the shards).
    pub budget: usize,
    /// Taken from the kernel so far, free blocks included.
    pub used: usize,
    /// Blocks in use.
    pub live_blocks: usize,
}
