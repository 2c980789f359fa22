//! What goes wrong with TLS itself.

use std::fmt;
use std::io;

/// Why a TLS session has failed, within an [`io::Error`] of the kind [`InvalidData`](io::ErrorKind::InvalidData).
///
/// ```
/// use seastar::tls::{Failure, rustls};
///
/// /// Whether the peer's certificate is to blame.
/// fn is_about_certificate(error: &std::io::Error) -> bool {
///     let failure = error.get_ref().and_then(|error| error.downcast_ref::<Failure>());
///     failure.is_some_and(|failure| matches!(failure.cause(), rustls::Error::InvalidCertificate(_)))
/// }
/// # assert!(!is_about_certificate(&std::io::ErrorKind::TimedOut.into()));
/// ```
#[derive(Clone, Debug)]
pub struct Failure {
    /// What was being done with whom; nothing in a session that stood already.
    doing: Option<String>,
    cause: rustls::Error,
}

impl Failure {
    /// What rustls says.
    pub fn cause(&self) -> &rustls::Error {
        &self.cause
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.doing {
            Some(doing) => write!(f, "{doing}: {}", self.cause),
            None => write!(f, "TLS: {}", self.cause),
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

/// A failure of a session.
#[cold]
pub(super) fn failed(cause: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, Failure { doing: None, cause })
}

/// A configuration that cannot be.
#[cold]
pub(super) fn unusable(what: &str, cause: impl fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("{what}: {cause}"))
}

/// The error, saying in what it came up.
#[cold]
pub(super) fn within(doing: String, error: io::Error) -> io::Error {
    match error.downcast::<Failure>() {
        Ok(failure) => {
            io::Error::new(io::ErrorKind::InvalidData, Failure { doing: Some(doing), cause: failure.cause })
        }
        Err(error) => io::Error::new(error.kind(), format!("{doing}: {error}")),
    }
}

/// The stream ended without a word of the peer.
#[derive(Debug)]
struct Truncated;

impl fmt::Display for Truncated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection ended without a close_notify: what came last may be missing")
    }
}

impl std::error::Error for Truncated {}

#[cold]
pub(super) fn truncated() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, Truncated)
}

/// Whether the peer, or what lies between, is to blame.
pub(super) fn is_of_peer(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|error| error.is::<Truncated>() || error.is::<Failure>())
}
