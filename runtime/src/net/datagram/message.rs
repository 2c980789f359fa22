//! What came, and from where.

use std::net::SocketAddr;
use std::ops::Deref;

use crate::net::TemporaryBuffer;

/// A datagram that was received. It derefs to its bytes.
///
/// They lie where the kernel has put them, in a buffer of the shard that goes back with the last view of it. Stays on its shard.
///
/// ```
/// use seastar::net::UdpSocket;
///
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let socket = UdpSocket::bind("127.0.0.1:0")?;
///     socket.send_to([7; 8_149], socket.local_address()?).await?;
///     let datagram = socket.recv_from().await?;
///     assert_eq!(*datagram.source(), socket.local_address()?);
///     assert!(datagram.is_truncated());
///     let bytes = datagram.into_bytes();
///     assert_eq!((bytes.len(), &*bytes.share(..3)), (8_148, &[7, 7, 7][..]));
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Datagram<A = SocketAddr> {
    pub(super) bytes: TemporaryBuffer,
    pub(super) source: A,
    pub(super) is_truncated: bool,
}

impl<A> Datagram<A> {
    /// The bytes, for [`share`](TemporaryBuffer::share) and for keeping them.
    pub fn into_bytes(self) -> TemporaryBuffer {
        self.bytes
    }

    /// Who sent it.
    pub fn source(&self) -> &A {
        &self.source
    }

    /// Whether it was longer than what the socket receives, and what does not fit is lost.
    pub fn is_truncated(&self) -> bool {
        self.is_truncated
    }
}

impl<A> Deref for Datagram<A> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl<A> AsRef<[u8]> for Datagram<A> {
    fn as_ref(&self) -> &[u8] {
        self
    }
}
