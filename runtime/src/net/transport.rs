//! What carries the bytes of a stream: a connection of the kernel, or something that stands on one.

use std::io;
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::RawFd;
use std::task::{Context, Poll};

use super::connection::Connection;
use super::input::InputStream;
use super::output::OutputStream;
use super::receive::{RECEIVED_MAX, Receiver};
use super::transmit::Transmitter;
use crate::reactor::{Shared, View};

/// What carries the bytes of an [`InputStream`] and an [`OutputStream`].
///
/// [`Plain`] is what all streams of this module have. What is generic over this works with others as well, such as those
/// of TLS.
///
/// ```
/// use seastar::net::{InputStream, Transport};
///
/// /// A line, from whatever stream.
/// async fn line<T: Transport>(input: &mut InputStream<T>) -> std::io::Result<String> {
///     let line = input.read_until(b'\n', 1024).await?;
///     Ok(String::from_utf8_lossy(&line).into_owned())
/// }
/// # let _ = line::<seastar::net::Plain>;
/// ```
pub trait Transport: Channel {}

impl<C: Channel> Transport for C {}

/// A handle of what both halves of a stream share. Each half is used by one fiber at a time.
pub trait Channel: Clone + Unpin + 'static {
    /// The most bytes that are received at once.
    const RECEIVED_MAX: usize;

    /// The next bytes; none at the end of the stream.
    fn poll_receive(&self, context: &mut Context<'_>) -> Poll<io::Result<View>>;

    /// The same, in `room`, and how many; none where there is no room.
    fn poll_into(&self, room: &mut [MaybeUninit<u8>], context: &mut Context<'_>) -> Poll<io::Result<usize>>;

    /// Takes as much of `bytes` as there is room for, at least one unless they are none.
    fn poll_write(&self, bytes: &[u8], context: &mut Context<'_>) -> Poll<io::Result<usize>>;

    /// Takes `view`, without a copy where that is possible.
    fn poll_write_view(&self, view: &mut Option<View>, context: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Sees to it that what was taken is sent.
    fn poll_flush(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Sees to it that what was taken is sent, for a writer that does not wait for it.
    fn flush(&self, context: &mut Context<'_>) -> io::Result<()> {
        match self.poll_flush(context) {
            Poll::Ready(flushed) => flushed,
            Poll::Pending => Ok(()),
        }
    }

    /// Sends what was taken, and tells the peer that no more comes.
    fn poll_close(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// The user reads no more.
    fn drop_input(&self);

    /// The user writes no more.
    fn drop_output(&self);

    /// Whether receiving was ended on this side, so that the peer is not to blame for the end of the stream.
    fn is_shut_here(&self) -> bool;

    /// The socket's number, for `Debug`.
    fn fd(&self) -> RawFd;
}

/// A connection of the kernel, over TCP or a Unix domain socket: the [`Transport`] of streams unless they say otherwise.
#[derive(Clone)]
pub struct Plain(pub(super) Shared<Connection>);

impl Channel for Plain {
    const RECEIVED_MAX: usize = RECEIVED_MAX;

    #[inline(always)]
    fn poll_receive(&self, context: &mut Context<'_>) -> Poll<io::Result<View>> {
        Receiver::poll(&self.0, context)
    }

    #[inline(always)]
    fn poll_into(&self, room: &mut [MaybeUninit<u8>], context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        Receiver::poll_into(&self.0, room, context)
    }

    #[inline(always)]
    fn poll_write(&self, bytes: &[u8], context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        Transmitter::poll_write(&self.0, bytes, context)
    }

    #[inline(always)]
    fn poll_write_view(&self, view: &mut Option<View>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Transmitter::poll_write_view(&self.0, view, context)
    }

    #[inline(always)]
    fn poll_flush(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Transmitter::flush(&self.0))
    }

    fn poll_close(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Transmitter::flush(&self.0)?;
        Transmitter::poll_drained(&self.0, context).map_ok(|()| self.0.shutdown(Shutdown::Write))
    }

    fn drop_input(&self) {
        Receiver::drop_half(&self.0);
    }

    fn drop_output(&self) {
        Transmitter::drop_half(&self.0);
    }

    fn is_shut_here(&self) -> bool {
        self.0.is_shut_here()
    }

    fn fd(&self) -> RawFd {
        self.0.fd()
    }
}

/// A stream of bytes in both directions, such as a [`TcpStream`](super::TcpStream) or a [`UnixStream`](super::UnixStream).
///
/// What takes any such stream works over all of them.
///
/// ```
/// use seastar::net::{ByteStream, connect, listen};
///
/// async fn echo(stream: impl ByteStream) -> std::io::Result<()> {
///     let (mut input, mut output) = stream.split();
///     let bytes = input.read().await?;
///     output.write_buffer(bytes).await?;
///     output.close().await
/// }
///
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let listener = listen("127.0.0.1:0")?;
///     let (mut input, mut output) = connect(listener.local_address()).await?.split();
///     output.write(b"hello").await?;
///     output.flush().await?;
///     let (stream, peer) = listener.accept().await?;
///     assert_eq!(ByteStream::control(&stream).peer_address()?, peer);
///     echo(stream).await?;
///     assert_eq!(&*input.read().await?, b"hello");
///     Ok(())
/// }
/// ```
pub trait ByteStream: Sized + 'static {
    /// What carries its bytes.
    type Transport: Transport;
    /// What reaches its options and its end from elsewhere.
    type Control: Unpin + 'static;

    /// The two directions, which different fibers may use. The connection is closed when both are dropped.
    fn split(self) -> (InputStream<Self::Transport>, OutputStream<Self::Transport>);

    /// A handle for the options of the connection, and for ending it from elsewhere.
    fn control(&self) -> Self::Control;
}

/// A stream that was taken apart, and something may have been read from it already.
impl<T: Transport> ByteStream for (InputStream<T>, OutputStream<T>) {
    type Transport = T;
    type Control = ();

    fn split(self) -> (InputStream<T>, OutputStream<T>) {
        self
    }

    fn control(&self) {}
}
