//! Runs every example as a user would, and compares what it prints with `expected/`.
//!
//! `EXPECTED=overwrite cargo test -p seastar-ecosystem` writes the files anew where they differ.

// No shard runs this.
#![allow(clippy::disallowed_methods)]

mod http;
mod https;
mod lines;
mod lookup;
mod postgres;
mod tls;
mod traced;
mod web;
mod websocket;

// What runs the other examples, too.
#[allow(dead_code, reason = "not all of it is needed here")]
#[path = "../../../tests/run/expected.rs"]
mod expected;
#[allow(dead_code, reason = "as above")]
#[path = "../../../../runtime/tests/support/name_server.rs"]
mod name_server;
#[allow(dead_code, reason = "as above")]
#[path = "../../../tests/run/program.rs"]
mod program;
#[allow(dead_code, reason = "as above")]
#[path = "../../../tests/run/server.rs"]
mod server;
