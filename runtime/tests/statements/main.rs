//! The statement macros within real programs: what they wait for, how they are left, whose names are whose.

mod detached;
mod holding;
mod joining;
mod leaving;
mod names;
