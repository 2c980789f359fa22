//! What the macros mean, with the surface syntax gone.

pub mod entry;
pub mod joined;
pub mod scope;
pub mod timed;
