//! UDP.

mod options;
mod serve;
mod socket;

pub use options::UdpOptions;
pub use socket::UdpSocket;
