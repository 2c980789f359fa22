//! Atomics of the lock-free parts. They are named here alone, so that `tests/loom.rs` can compile those
//! parts with loom's.

pub(crate) use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
