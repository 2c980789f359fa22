//! Writing to a connection.

use std::fmt;
use std::future::poll_fn;
use std::io;

use super::buffer::TemporaryBuffer;
use super::transport::{Plain, Transport};

/// Bytes to a peer.
///
/// Writes gather in a buffer of 8 KiB; a larger write takes one of 64 KiB, while half of the shard's memory is free. The buffer
/// is sent when it is full, on [`flush`](Self::flush), on [`close`](Self::close), and, as a last resort, when the
/// stream is dropped. A write waits only while a full buffer is behind one in flight, that is, while the peer does
/// not read.
///
/// A send that failed is told by the next call, and by all after it.
///
/// What was written when the stream is dropped is still sent, and the connection is closed after that. How long a peer that does not read may
/// keep it so is bounded by [`ServeOptions::linger`](super::ServeOptions::linger) where there is a server with limits, and by
/// [`set_user_timeout`](super::TcpControl::set_user_timeout); by nothing else.
///
/// ```
/// # use seastar::net::{TemporaryBuffer, connect, listen};
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let listener = listen("127.0.0.1:0")?;
///     let (mut input, _) = connect(listener.local_address()).await?.split();
///     let (_, mut output) = listener.accept().await?.0.split();
///     output.write("200 ").await?; // gathered,
///     output.write_buffer(TemporaryBuffer::from_static(b"OK\n")).await?;
///     output.flush().await?; // sent when the turn ends,
///     assert_eq!(&*input.read_exactly(7).await?, b"200 OK\n");
///     output.close().await // and known to be with the kernel
/// }
/// ```
#[doc(alias = "AsyncWrite")]
pub struct OutputStream<T: Transport = Plain> {
    transport: T,
}

impl<T: Transport> OutputStream<T> {
    pub(crate) fn new(transport: T) -> OutputStream<T> {
        OutputStream { transport }
    }

    #[cfg(any(feature = "tls", feature = "__polled"))]
    pub(crate) fn transport(&self) -> &T {
        &self.transport
    }

    /// Writes all of `bytes`.
    ///
    /// That this returns means that more may be written, not that the peer has it (OUT-1). Not cancel-safe: a
    /// write that is dropped may have taken a part.
    ///
    /// # Errors
    ///
    /// Those of send(2), of this write or an earlier one: [`BrokenPipe`](io::ErrorKind::BrokenPipe),
    /// [`ConnectionReset`](io::ErrorKind::ConnectionReset). [`OutOfMemory`](io::ErrorKind::OutOfMemory) when
    /// the memory budget is used up; nothing more was taken then, and the write may be tried again.
    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let bytes = bytes.as_ref();
        let mut written = 0;
        while written < bytes.len() {
            let rest = &bytes[written..];
            written += poll_fn(|context| self.transport.poll_write(rest, context)).await?;
        }
        Ok(())
    }

    /// Writes a buffer without copying it, unless it is small and others wait to be sent with it.
    ///
    /// Not cancel-safe: a write that is dropped may have taken the buffer.
    ///
    /// # Errors
    ///
    /// As for [`write`](Self::write).
    pub fn write_buffer(&mut self, buffer: TemporaryBuffer) -> impl Future<Output = io::Result<()>> {
        let mut view = Some(buffer.0);
        poll_fn(move |context| self.transport.poll_write_view(&mut view, context))
    }

    /// Sends what was written when this turn of the loop ends, together with what is written until then (OUT-3).
    ///
    /// Does not wait, so it cannot be dropped half-way: a failure is told by the next call, or by `close`.
    ///
    /// # Errors
    ///
    /// The failure of an earlier send.
    pub fn flush(&mut self) -> impl Future<Output = io::Result<()>> {
        poll_fn(move |context| self.transport.poll_flush(context))
    }

    /// Sends what was written, waits until the kernel has it, and tells the peer that no more comes (OUT-4).
    ///
    /// The connection itself is closed when its [`InputStream`](super::InputStream) is dropped too.
    ///
    /// # Errors
    ///
    /// The failure of any send that was not told before.
    ///
    /// ```
    /// # use seastar::net::{connect, listen};
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let listener = listen("127.0.0.1:0")?;
    ///     let (mut input, _) = connect(listener.local_address()).await?.split();
    ///     let (_, mut output) = listener.accept().await?.0.split();
    ///     output.write("Seastar is the future!\n").await?;
    ///     output.close().await?;
    ///     assert_eq!(&*input.read_exactly(100).await?, b"Seastar is the future!\n");
    ///     Ok(())
    /// }
    /// ```
    pub async fn close(self) -> io::Result<()> {
        poll_fn(|context| self.transport.poll_close(context)).await
    }
}

impl<T: Transport> Drop for OutputStream<T> {
    fn drop(&mut self) {
        self.transport.drop_output();
    }
}

impl<T: Transport> fmt::Debug for OutputStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutputStream").field("fd", &self.transport.fd()).finish_non_exhaustive()
    }
}
