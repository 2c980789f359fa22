//! The traits of `futures_io`.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::futures_io::{AsyncRead, AsyncWrite};

use super::OnShard;
use crate::net::{InputStream, OutputStream, PolledRead, PolledWrite, TcpStream, Transport, UnixStream};

macro_rules! read {
    ($stream:ty $(, $parameter:ident: $bound:path)?) => {
        /// With feature `futures-io`; see [`compat`](crate::compat).
        impl$(<$parameter: $bound>)? AsyncRead for $stream {
            #[inline]
            fn poll_read(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                // SAFETY: bytes may be looked at as if they were not set, and only such that are set are written.
                let room = unsafe { &mut *(&raw mut *buffer as *mut [MaybeUninit<u8>]) };
                PolledRead::poll_into(self.get_mut(), context, room)
            }
        }
    };
}

for_readers!(read);

macro_rules! write {
    ($stream:ty $(, $parameter:ident: $bound:path)?) => {
        /// With feature `futures-io`; see [`compat`](crate::compat).
        impl$(<$parameter: $bound>)? AsyncWrite for $stream {
            #[inline]
            fn poll_write(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                PolledWrite::poll_write(self.get_mut(), context, bytes)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                slices: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                PolledWrite::poll_write_vectored(self.get_mut(), context, slices)
            }

            fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                PolledWrite::poll_flush(self.get_mut(), context)
            }

            fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                PolledWrite::poll_close(self.get_mut(), context)
            }
        }
    };
}

for_writers!(write);

/// With feature `futures-io`.
impl<T: AsyncRead> AsyncRead for OnShard<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().get_pin_mut().poll_read(context, buffer)
    }
}

/// With feature `futures-io`.
impl<T: AsyncWrite> AsyncWrite for OnShard<T> {
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

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().get_pin_mut().poll_flush(context)
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().get_pin_mut().poll_close(context)
    }
}
