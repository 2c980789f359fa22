//! Model to tokens.

pub mod entry;
#[cfg(test)]
pub mod expect;
