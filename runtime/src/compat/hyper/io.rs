//! The traits by which hyper reads and writes.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::hyper::rt::{Read, ReadBufCursor, Write};

use crate::compat::OnShard;
use crate::net::{InputStream, OutputStream, PolledRead, PolledWrite, TcpStream, Transport, UnixStream};

macro_rules! read {
    ($stream:ty $(, $parameter:ident: $bound:path)?) => {
        /// With feature `hyper`; see [`compat`](crate::compat).
        impl$(<$parameter: $bound>)? Read for $stream {
            #[inline]
            fn poll_read(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                mut buffer: ReadBufCursor<'_>,
            ) -> Poll<io::Result<()>> {
                // SAFETY: of the room, only bytes that were received are written.
                let room = unsafe { buffer.as_mut() };
                let count = ready!(PolledRead::poll_into(self.get_mut(), context, room))?;
                // SAFETY: so many bytes were written from the start of the room.
                unsafe { buffer.advance(count) };
                Poll::Ready(Ok(()))
            }
        }
    };
}

for_readers!(read);

macro_rules! write {
    ($stream:ty $(, $parameter:ident: $bound:path)?) => {
        /// With feature `hyper`; see [`compat`](crate::compat).
        impl$(<$parameter: $bound>)? Write for $stream {
            #[inline]
            fn poll_write(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                PolledWrite::poll_write(self.get_mut(), context, bytes)
            }

            #[inline]
            fn poll_write_vectored(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                slices: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                PolledWrite::poll_write_vectored(self.get_mut(), context, slices)
            }

            fn is_write_vectored(&self) -> bool {
                true
            }

            #[inline]
            fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                PolledWrite::poll_flush(self.get_mut(), context)
            }

            fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                PolledWrite::poll_close(self.get_mut(), context)
            }
        }
    };
}

for_writers!(write);

/// With feature `hyper`.
impl<T: Read> Read for OnShard<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        self.get_mut().get_pin_mut().poll_read(context, buffer)
    }
}

/// With feature `hyper`.
impl<T: Write> Write for OnShard<T> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().get_pin_mut().poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().get_pin_mut().poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.get().is_some_and(T::is_write_vectored)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().get_pin_mut().poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().get_pin_mut().poll_shutdown(context)
    }
}
