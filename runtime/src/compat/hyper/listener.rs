//! Where HTTP can be served.

use std::future::Future;
use std::io;
use std::panic::Location;

use ::hyper::rt::{Read, Write};

use crate::net::{ServeOptions, Server, TcpListener, TcpStream, UnixListener, UnixStream, Watch};
use crate::task::Outcome;

/// A [`TcpListener`] or a [`UnixListener`], with feature `tls` also one behind a `TlsListener`.
pub trait Listener: sealed::Sealed + Sized + 'static {
    /// Its connections.
    type Stream: Read + Write + Unpin + 'static;

    #[doc(hidden)]
    fn serve<H, T>(
        self,
        handler: H,
        served_at: &'static Location<'static>,
    ) -> impl Future<Output = io::Result<()>>
    where
        H: AsyncFn(Self::Stream) -> T + Clone + Send + 'static,
        T: Outcome;

    #[doc(hidden)]
    fn serve_with<H, T>(
        self,
        options: ServeOptions,
        handler: H,
        served_at: &'static Location<'static>,
    ) -> impl Future<Output = io::Result<Server>>
    where
        H: AsyncFn(Self::Stream) -> T + Clone + Send + 'static,
        T: Outcome;

    #[doc(hidden)]
    fn watch(stream: &Self::Stream) -> Watch;
}

pub(super) mod sealed {
    pub trait Sealed {}

    impl Sealed for crate::net::TcpListener {}
    impl Sealed for crate::net::UnixListener {}
}

macro_rules! listener {
    ($listener:ty, $stream:ty) => {
        impl Listener for $listener {
            type Stream = $stream;

            fn serve<H, T>(
                self,
                handler: H,
                served_at: &'static Location<'static>,
            ) -> impl Future<Output = io::Result<()>>
            where
                H: AsyncFn($stream) -> T + Clone + Send + 'static,
                T: Outcome,
            {
                self.serve_at(handler, served_at)
            }

            fn serve_with<H, T>(
                self,
                options: ServeOptions,
                handler: H,
                served_at: &'static Location<'static>,
            ) -> impl Future<Output = io::Result<Server>>
            where
                H: AsyncFn($stream) -> T + Clone + Send + 'static,
                T: Outcome,
            {
                self.serve_with_at(options, handler, served_at)
            }

            fn watch(stream: &$stream) -> Watch {
                Watch::new(stream)
            }
        }
    };
}

listener!(TcpListener, TcpStream);
listener!(UnixListener, UnixStream);
