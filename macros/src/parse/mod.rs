//! Surface syntax: tokens to model.

pub mod background;
pub mod do_with;
mod entry;
pub mod joined;
mod limits;
pub mod main;
mod settings;
pub mod shard_local;
pub mod sharded;
mod statement;
pub mod task;
pub mod test;
pub mod with_gate;
pub mod with_lock;
pub mod with_semaphore;
pub mod with_timeout;
