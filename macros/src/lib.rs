//! Macros of `seastar`. Use them through that crate.
