//! Datagrams, of whichever family.

mod message;
mod receive;
mod send;

pub use message::Datagram;
pub(super) use receive::Datagrams;
pub(super) use send::send;

/// Addresses from which datagrams come.
pub(super) trait Address: Clone + 'static {
    /// The most bytes that one has in the kernel.
    const SIZE: usize;

    /// Reads what the kernel wrote.
    fn decode(bytes: &[u8]) -> Self;
}
