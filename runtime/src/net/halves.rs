//! A connection that was not taken apart into its two directions yet.

use std::io;
use std::os::fd::OwnedFd;

use super::connection::Connection;
use super::input::InputStream;
use super::output::OutputStream;
use crate::reactor::Shared;

/// Both halves of a connection. Dropping them closes it, unless they were split: then they do it on their own.
pub(super) struct Halves {
    /// One word, however many futures it is moved through; nothing once it is split.
    connection: Option<Shared<Connection>>,
}

impl Halves {
    pub(super) fn new(fd: OwnedFd) -> io::Result<Halves> {
        Ok(Halves { connection: Some(Connection::new(fd)?) })
    }

    pub(super) fn split(mut self) -> (InputStream, OutputStream) {
        let connection = self.connection.take().expect("a stream is split once, which uses it up");
        split(connection)
    }

    pub(super) fn connection(&self) -> &Shared<Connection> {
        self.connection.as_ref().expect("there until the stream is split, which uses it up")
    }
}

fn split(connection: Shared<Connection>) -> (InputStream, OutputStream) {
    (InputStream::new(connection.clone()), OutputStream::new(connection))
}

impl Drop for Halves {
    fn drop(&mut self) {
        drop(self.connection.take().map(split));
    }
}
