//! Futures made of futures.

pub(crate) mod joined;
pub(crate) mod question;
