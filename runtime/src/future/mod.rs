//! Futures made of futures.

pub(crate) mod joined;
