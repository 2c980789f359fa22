//! How the fibers of one shard wait for each other.
//!
//! Nothing here locks, counts references in atomics or allocates in order to wait: those who wait are linked through
//! their own futures ([`list`]). All of it belongs to one shard. Waiters are served in the order in which they came,
//! and dropping a future at any point leaves the object as if it had never asked.

#[expect(dead_code, reason = "the primitives follow")]
pub(crate) mod list;
