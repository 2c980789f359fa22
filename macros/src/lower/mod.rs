//! Model to tokens.

mod block;
pub mod entry;
#[cfg(test)]
mod expect;
pub mod joined;
pub mod scope;
