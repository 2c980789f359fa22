//! UDP.

mod options;
mod segments;
mod serve;
mod socket;

pub use options::UdpOptions;
pub use socket::UdpSocket;
