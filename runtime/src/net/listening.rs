//! A socket that listens, of whichever family.

use std::fmt::Display;
use std::io;
use std::os::fd::OwnedFd;

use futures_core::FusedStream;

use super::accept::{Accepted, Acceptor};
use super::connection::Connection;
use super::transport::Plain;
use crate::future::generate;
use crate::reactor::Shared;
use crate::sys::limits;
use crate::time;

/// What accepted connections are made into.
pub(super) trait Stream: Sized + 'static {
    fn from_fd(fd: OwnedFd) -> io::Result<Self>;
    fn transport(&self) -> &Plain;

    fn connection(&self) -> &Shared<Connection> {
        &self.transport().0
    }
}

/// A listening socket and where it listens. Dropping it ends its accepts.
pub(super) struct Listening<A> {
    pub(super) acceptor: Shared<Acceptor>,
    pub(super) address: A,
}

impl<A: Display> Listening<A> {
    pub(super) fn new(fd: OwnedFd, address: A) -> io::Result<Listening<A>> {
        Ok(Listening { acceptor: Acceptor::new(fd)?, address })
    }

    /// The next connection. Errors are named, and a failure waits a little before it is told.
    pub(super) async fn accept(&self) -> io::Result<OwnedFd> {
        match Acceptor::accept(&self.acceptor).await {
            Accepted::Connection(fd) => Ok(fd),
            Accepted::Aborted => {
                let text = format!("the listener on {} was aborted", self.address);
                Err(io::Error::new(io::ErrorKind::ConnectionAborted, text))
            }
            Accepted::Failed { error, pause } => {
                time::sleep(pause).await;
                Err(about("accept on", &self.address, error))
            }
        }
    }
}

impl<A> Listening<A> {
    /// Ends pending and future accepts (NET-7).
    pub(super) fn abort(&self) {
        Acceptor::abort(&self.acceptor);
    }
}

impl<A> Drop for Listening<A> {
    fn drop(&mut self) {
        self.abort();
    }
}

/// What `accept` yields, until the listener is aborted.
#[track_caller]
pub(super) fn incoming<T>(accept: impl AsyncFn() -> io::Result<T>) -> impl FusedStream<Item = io::Result<T>> {
    generate(async move |mut connections| {
        loop {
            match accept().await {
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => return,
                accepted => connections.emit(accepted).await,
            }
        }
    })
}

/// The error, saying what it is about.
pub(super) fn about(what: &str, address: impl Display, error: io::Error) -> io::Error {
    let text = match limits::remedy(&error) {
        Some(remedy) => format!("{what} {address}: {error}; {remedy}"),
        None => format!("{what} {address}: {error}"),
    };
    io::Error::new(error.kind(), text)
}
