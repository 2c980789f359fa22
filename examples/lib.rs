//! The examples are the files beside this one; run one with `cargo run --release --example NAME`.

/// Compiles the code in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
