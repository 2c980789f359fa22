//! Walks the book: what it includes exists, its code is all included, its links lead somewhere, and nothing is left out.
//!
//! Parts of its pages are lists of files. `EXPECTED=overwrite cargo test -p seastar-examples --test book` writes them anew.

// No shard runs this.
#![allow(clippy::disallowed_methods)]

mod code;
mod complete;
mod files;
mod links;
mod lists;
mod pictures;
