//! Surface syntax: tokens to model.

mod entry;
pub mod main;
mod settings;
pub mod task;
pub mod test;
