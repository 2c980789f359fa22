//! Runs every example as a user would, and compares what it prints with `expected/`.
//!
//! `EXPECTED=overwrite cargo test -p seastar-examples` writes the files anew where they differ.

// No shard runs this.
#![allow(clippy::disallowed_methods)]

mod expected;
mod fibers;
mod program;
mod programs;
mod server;
mod servers;
mod services;
mod sockets;
