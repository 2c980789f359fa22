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

    /// Whether the kernel tells when there is room for a datagram that goes to such an address.
    const ROOM_IS_TOLD: bool;

    /// Reads what the kernel wrote.
    fn decode(bytes: &[u8]) -> Self;
}
