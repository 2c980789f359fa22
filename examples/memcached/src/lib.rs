//! A memcached server: the parts, for the program and for its tests.

pub mod cache;
pub mod protocol;
pub mod server;
pub mod store;
