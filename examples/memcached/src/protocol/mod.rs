//! The text protocol of memcached, classic and meta: bytes in, requests out.

mod administration;
pub mod decoder;
pub mod key;
pub mod line;
pub mod meta;
pub mod number;
pub mod request;
pub mod tokens;

pub use decoder::{Decoder, Step};
pub use line::{Classes, Control, Dump};
pub use request::{Op, Request, StoreMode};
