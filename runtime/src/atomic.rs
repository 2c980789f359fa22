//! Atomics and locks of the parts where threads meet. They are named here alone, so that `tests/loom.rs` can compile those
//! parts with loom's.

pub(crate) use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
pub(crate) use std::sync::{Mutex, MutexGuard};
