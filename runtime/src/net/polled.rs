//! Streams as other libraries see them: polled, with memory of the caller.
//!
//! What was written is sent when the turn ends, also without a flush: many who write to sockets never flush them.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::task::{Context, Poll, ready};

use super::input::InputStream;
use super::listening::Stream;
use super::output::OutputStream;
use super::transport::{Channel, Plain, Transport};

pub(crate) trait PolledRead {
    /// Copies what is at hand to `room`, and says how much; nothing at the end of the stream.
    fn poll_into(
        &mut self,
        context: &mut Context<'_>,
        room: &mut [MaybeUninit<u8>],
    ) -> Poll<io::Result<usize>>;
}

impl<T: Transport> PolledRead for InputStream<T> {
    fn poll_into(
        &mut self,
        context: &mut Context<'_>,
        room: &mut [MaybeUninit<u8>],
    ) -> Poll<io::Result<usize>> {
        InputStream::poll_into(self, room, context)
    }
}

impl<S: Stream> PolledRead for S {
    fn poll_into(
        &mut self,
        context: &mut Context<'_>,
        room: &mut [MaybeUninit<u8>],
    ) -> Poll<io::Result<usize>> {
        self.transport().poll_into(room, context)
    }
}

pub(crate) trait PolledWrite {
    /// Takes as much of `bytes` as there is room for.
    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>;

    /// Takes as many of all `slices` as there is room for.
    fn poll_write_vectored(
        &mut self,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>>;

    /// Does not wait until all is sent.
    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Waits until the kernel has everything, and tells the peer that no more comes.
    fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>>;
}

impl<W: Written> PolledWrite for W {
    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let taken = ready!(self.written().poll_write(bytes, context))?;
        self.written().flush(context)?;
        Poll::Ready(Ok(taken))
    }

    fn poll_write_vectored(
        &mut self,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut taken = 0;
        for slice in slices.iter().filter(|slice| !slice.is_empty()) {
            match self.written().poll_write(slice, context) {
                Poll::Ready(Ok(count)) => {
                    taken += count;
                    if count < slice.len() {
                        break;
                    }
                }
                // What was taken is told first; the next call tells this.
                _ if taken > 0 => break,
                other => return other,
            }
        }
        self.written().flush(context)?;
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.written().poll_flush(context)
    }

    fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.written().poll_close(context)
    }
}

/// Whose writes go where.
pub(crate) trait Written {
    type Transport: Transport;

    fn written(&self) -> &Self::Transport;
}

impl<T: Transport> Written for OutputStream<T> {
    type Transport = T;

    fn written(&self) -> &T {
        self.transport()
    }
}

impl<S: Stream> Written for S {
    type Transport = Plain;

    fn written(&self) -> &Plain {
        self.transport()
    }
}
