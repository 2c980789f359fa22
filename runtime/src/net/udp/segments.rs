//! Many datagrams by one call.

use std::io;

use socket2::SockAddr;

use super::socket::UdpSocket;
use crate::net::address::ToAddress;
use crate::net::datagram;
use crate::net::listening::about;

/// Datagrams that every kernel takes at once.
const SEGMENTS_MAX: usize = 64;
/// Bytes that fit what the kernel makes datagrams of, over IPv6 too.
const BYTES_MAX: usize = 65_487;

impl UdpSocket {
    /// Sends `bytes` to `address` as datagrams of `size` bytes, the last of which may be shorter.
    ///
    /// The kernel, or the network card, cuts them (UDP_SEGMENT), so many cost hardly more than one. Where that is not offered, and where `size`
    /// is more than a packet holds, they are sent one by one.
    ///
    /// # Errors
    ///
    /// As for [`send_to`](Self::send_to); [`InvalidInput`](io::ErrorKind::InvalidInput) for a `size` of 0. After an error some may have been sent,
    /// and when the future is dropped too.
    ///
    /// ```
    /// use seastar::net::UdpSocket;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let (sender, receiver) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
    ///     sender.send_segments_to(b"onetwothree", 3, receiver.local_address()?).await?;
    ///     for expected in ["one", "two", "thr", "ee"] {
    ///         assert_eq!(&*receiver.recv_from().await?, expected.as_bytes());
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub async fn send_segments_to(
        &self,
        bytes: impl AsRef<[u8]>,
        size: usize,
        address: impl ToAddress,
    ) -> io::Result<()> {
        let address = address.to_address()?;
        let sent = self.segments(bytes.as_ref(), size, Some(&address.into())).await;
        sent.map_err(|error| about("send to", address, error))
    }

    /// Sends `bytes` to where the socket is [connected](Self::connect). See [`send_segments_to`](Self::send_segments_to).
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send) and [`send_segments_to`](Self::send_segments_to).
    ///
    /// ```
    /// use seastar::net::UdpSocket;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let (sender, receiver) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
    ///     sender.connect(receiver.local_address()?)?;
    ///     sender.send_segments(b"onetwo", 3).await?;
    ///     assert_eq!(&*receiver.recv_from().await?, b"one");
    ///     assert_eq!(&*receiver.recv_from().await?, b"two");
    ///     Ok(())
    /// }
    /// ```
    pub async fn send_segments(&self, bytes: impl AsRef<[u8]>, size: usize) -> io::Result<()> {
        self.segments(bytes.as_ref(), size, None).await
    }

    async fn segments(&self, bytes: &[u8], size: usize, to: Option<&SockAddr>) -> io::Result<()> {
        if size == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "datagrams of 0 bytes never end"));
        }
        let at_once = size.saturating_mul((BYTES_MAX / size).clamp(1, SEGMENTS_MAX));
        for chunk in bytes.chunks(at_once) {
            let segment = u16::try_from(size).ok().filter(|_| chunk.len() > size);
            match datagram::send(&self.datagrams, chunk, to, segment).await {
                Err(error) if segment.is_some() && is_not_offered(&error) => {
                    for single in chunk.chunks(size) {
                        datagram::send(&self.datagrams, single, to, None).await?;
                    }
                }
                sent => sent?,
            }
        }
        Ok(())
    }
}

/// By the kernel, by the network card, or for datagrams of this size. Nothing was sent.
fn is_not_offered(error: &io::Error) -> bool {
    let errors = [libc::EINVAL, libc::EIO, libc::EOPNOTSUPP, libc::ENOPROTOOPT, libc::EMSGSIZE];
    error.raw_os_error().is_some_and(|error| errors.contains(&error))
}
