//! Model to tokens.

pub mod entry;
#[cfg(test)]
mod expect;
pub mod task;
