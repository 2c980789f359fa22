//! Surface syntax: tokens to model.

mod entry;
pub mod main;
mod settings;
pub mod shard_local;
pub mod task;
pub mod test;
