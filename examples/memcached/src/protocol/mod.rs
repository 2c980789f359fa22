//! The text protocol of memcached, classic and meta: bytes in, requests out, answers as bytes.

pub mod number;
