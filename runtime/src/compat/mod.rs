//! The libraries people already use, on shards.
//!
//! Each part stands behind a feature of this crate, which is off by default; then nothing of it is compiled.
//!
//! | feature | what it adds |
//! |---|---|
//! | `futures-io` | `futures_io::AsyncRead` and `AsyncWrite` for our streams |
//! | `tokio` | `tokio::io::AsyncRead` and `AsyncWrite` for our streams; tokio's runtime is not needed |
//! | `hyper` | `compat::hyper`: HTTP/1 and HTTP/2 by hyper on our streams, fibers and timers, served on every shard |
//! | `tower` | `compat::tower`: services of tower, axum's routers among them, served so |
//! | `tracing` | `compat::tracing`: events and spans of tracing in the log, and the runtime's own messages in a subscriber of the program's |
//!
//! # Streams
//!
//! With those features [`TcpStream`](crate::net::TcpStream) and [`UnixStream`](crate::net::UnixStream) are readers and writers as they are;
//! of their halves, [`InputStream`](crate::net::InputStream) is a reader and [`OutputStream`](crate::net::OutputStream) a writer. So are the streams of
//! feature `tls`. So what
//! takes any stream, as most libraries of protocols do, takes ours:
//!
//! - A read copies what was received to the caller's memory, waits only if that is nothing, and keeps what does not fit for the next
//!   read, by whichever way. Dropped half-way, it loses nothing.
//! - A write is gathered with others of the same turn and sent when the turn ends, flushed or not. It waits while one buffer is on its
//!   way and the next one is full, that is, while the peer does not read. Over TLS it is gathered until a record is full, or
//!   somebody flushes.
//! - A flush does not wait. A failure of what was sent is told by the next write, flush or close. Over TLS it waits until all of it is
//!   with the stream below; if it is dropped before that, what found no room there goes with what is written, flushed or read next.
//! - A close, which tokio calls shutdown, waits until the kernel has everything and tells the peer that no more comes. Reading goes on.
//! - Nothing is allocated, except by rustls, for each record in either direction.
//! - Errors are those of [`InputStream`](crate::net::InputStream) and [`OutputStream`](crate::net::OutputStream).
//!
//! Streams stay on their shard. For libraries that ask for `Send`, because elsewhere they would be moved to other threads, there is [`OnShard`].

/// Calls `$implement!` with each type that can be read.
#[cfg(feature = "__polled")]
macro_rules! for_readers {
    ($implement:ident) => {
        $implement!(InputStream<T>, T: Transport);
        $implement!(TcpStream);
        $implement!(UnixStream);
        #[cfg(feature = "tls")]
        $implement!(crate::tls::TlsStream<S>, S: crate::net::ByteStream);
    };
}

/// Calls `$implement!` with each type that can be written.
#[cfg(feature = "__polled")]
macro_rules! for_writers {
    ($implement:ident) => {
        $implement!(OutputStream<T>, T: Transport);
        $implement!(TcpStream);
        $implement!(UnixStream);
        #[cfg(feature = "tls")]
        $implement!(crate::tls::TlsStream<S>, S: crate::net::ByteStream);
    };
}

#[cfg(feature = "futures-io")]
mod futures_io;
#[cfg(feature = "hyper")]
pub mod hyper;
mod on_shard;
#[cfg(feature = "tokio")]
mod tokio;
#[cfg(feature = "tower")]
pub mod tower;
#[cfg(feature = "tracing")]
pub mod tracing;

pub use on_shard::OnShard;
