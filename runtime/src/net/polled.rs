//! Streams as other libraries see them: polled, with memory of the caller.
//!
//! What was written is sent when the turn ends, also without a flush: many who write to sockets never flush them.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::task::{Context, Poll, ready};

use super::connection::Connection;
use super::input::InputStream;
use super::listening::Stream;
use super::output::OutputStream;
use super::receive::Receiver;
use super::transmit::Transmitter;
use crate::reactor::Shared;

pub(crate) trait PolledRead {
    /// Copies what is at hand to `room`, and says how much; nothing at the end of the stream.
    fn poll_into(
        &mut self,
        context: &mut Context<'_>,
        room: &mut [MaybeUninit<u8>],
    ) -> Poll<io::Result<usize>>;
}

impl PolledRead for InputStream {
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
        Receiver::poll_into(self.connection(), room, context)
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
    fn poll_flush(&mut self) -> Poll<io::Result<()>>;

    /// Waits until the kernel has everything, and tells the peer that no more comes.
    fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>>;
}

impl<W: Written> PolledWrite for W {
    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let connection = self.written();
        let taken = ready!(Transmitter::poll_write(connection, bytes, context))?;
        Transmitter::flush(connection)?;
        Poll::Ready(Ok(taken))
    }

    fn poll_write_vectored(
        &mut self,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let connection = self.written();
        let mut taken = 0;
        for slice in slices.iter().filter(|slice| !slice.is_empty()) {
            match Transmitter::poll_write(connection, slice, context) {
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
        Transmitter::flush(connection)?;
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(&mut self) -> Poll<io::Result<()>> {
        Poll::Ready(Transmitter::flush(self.written()))
    }

    fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let connection = self.written();
        Transmitter::flush(connection)?;
        ready!(Transmitter::poll_drained(connection, context))?;
        connection.shutdown(Shutdown::Write);
        Poll::Ready(Ok(()))
    }
}

/// Whose writes go to a connection.
trait Written {
    fn written(&self) -> &Shared<Connection>;
}

impl Written for OutputStream {
    fn written(&self) -> &Shared<Connection> {
        self.connection()
    }
}

impl<S: Stream> Written for S {
    fn written(&self) -> &Shared<Connection> {
        self.connection()
    }
}
