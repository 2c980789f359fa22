//! The front doors of the statement macros: what they mean, and `$crate` for the real ones in the macro crate.

mod background;
mod guarded;
mod joined;
mod scope;
mod timed;
