//! A connection whose stream somebody else has.

use std::task::{Context, Poll};

use super::polled::Written;
use super::receive::Receiver;
use super::transport::Plain;

/// What is to be known of a connection beside its stream.
pub struct Watch(Plain);

impl Watch {
    pub(crate) fn new(stream: &impl Written<Transport = Plain>) -> Watch {
        Watch(stream.written().clone())
    }

    #[cfg(feature = "tls")]
    pub(crate) fn of(connection: Plain) -> Watch {
        Watch(connection)
    }

    /// Lets reading go on while the program stops.
    pub(crate) fn outlast_stop(&self) {
        self.0.0.set_outlasts(true);
    }

    /// Ready when the peer is known to have gone, also if nobody reads. For the fiber that does, when it does.
    pub(crate) fn poll_gone(&self, context: &mut Context<'_>) -> Poll<()> {
        Receiver::poll_failed(&self.0.0, context)
    }
}
