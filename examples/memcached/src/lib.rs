//! A memcached server: the parts, for the program and for its tests.

pub mod protocol;
pub mod store;
