//! A connection that was not taken apart into its two directions yet.

use std::io;
use std::os::fd::OwnedFd;

use super::connection::Connection;
use super::input::InputStream;
use super::output::OutputStream;
use super::transport::Plain;
use crate::reactor::Shared;

/// Both halves of a connection. Dropping them closes it, unless they were split: then they do it on their own.
pub(super) struct Halves {
    /// One word, however many futures it is moved through; nothing once it is split.
    transport: Option<Plain>,
}

impl Halves {
    pub(super) fn new(fd: OwnedFd) -> io::Result<Halves> {
        Ok(Halves { transport: Some(Plain(Connection::new(fd)?)) })
    }

    pub(super) fn split(mut self) -> (InputStream, OutputStream) {
        split(self.transport.take().expect("a stream is split once, which uses it up"))
    }

    pub(super) fn connection(&self) -> &Shared<Connection> {
        &self.transport().0
    }

    pub(super) fn transport(&self) -> &Plain {
        self.transport.as_ref().expect("there until the stream is split, which uses it up")
    }
}

fn split(transport: Plain) -> (InputStream, OutputStream) {
    (InputStream::new(transport.clone()), OutputStream::new(transport))
}

impl Drop for Halves {
    fn drop(&mut self) {
        drop(self.transport.take().map(split));
    }
}
