//! The kernel: the only floor with raw system calls.
//!
//! Nothing above this floor reads a clock, a descriptor's state or the machine's topology from the
//! system directly, so that a simulated machine can stand here too. There are two drivers, io_uring and epoll.

pub(crate) mod buffers;
mod calls;
pub(crate) mod clock;
pub(crate) mod cpuset;
pub(crate) mod datagram;
pub(crate) mod driver;
mod epoll;
pub(crate) mod event;
pub(crate) mod kernel;
pub(crate) mod limits;
pub(crate) mod machine;
pub(crate) mod map;
pub(crate) mod op;
pub(crate) mod poison;
pub(crate) mod process;
pub(crate) mod signal;
pub(crate) mod signals;
pub(crate) mod socket;
pub(crate) mod topology;
pub(crate) mod unix;
mod uring;
