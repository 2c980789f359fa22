//! Which way to the kernel: what was asked for, and what there is.

use std::io;

use super::error::StartError;
use crate::sys::driver::{self, Backend, Features};

/// Stands for the option where it is not given, so that whole test suites can be run on either.
pub(super) const VARIABLE: &str = "SEASTAR_REACTOR_BACKEND";
/// Features of io_uring to do without, for tests and for those who look for a fault.
pub(super) const WITHOUT: &str = "SEASTAR_URING_WITHOUT";
pub(super) const AUTO: &str = "auto";

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// io_uring if the process may use it, or else epoll.
    Auto,
    IoUring,
    Epoll,
}

impl Choice {
    pub(super) fn parse(text: &str) -> Result<Choice, String> {
        match text {
            AUTO => Ok(Choice::Auto),
            "io_uring" => Ok(Choice::IoUring),
            "epoll" => Ok(Choice::Epoll),
            _ => Err(format!("there is no reactor backend `{text}`; there are auto, io_uring and epoll")),
        }
    }

    /// What the option says, or else the environment.
    pub(super) fn of(option: Option<&str>) -> Result<Choice, StartError> {
        let named = |name, text: &str| {
            Choice::parse(text).map_err(|why| StartError::BadOption(format!("Bad value for {name}: {why}")))
        };
        match (option, std::env::var(VARIABLE)) {
            (Some(text), _) => named("--reactor-backend", text),
            (None, Ok(text)) if !text.is_empty() => named(VARIABLE, &text),
            (None, _) => Ok(Choice::Auto),
        }
    }

    /// The driver to use. Logs why it is not io_uring, where that was not asked for.
    pub(super) fn decide(self) -> Result<Backend, StartError> {
        let probe = || Ok(driver::probe_io_uring(unwanted()?));
        match self {
            Choice::Epoll => Ok(Backend::Epoll),
            Choice::IoUring => probe()?.map_err(StartError::IoUring).map(Backend::IoUring),
            Choice::Auto => Ok(first_of_both(probe()?)),
        }
    }
}

/// The features of io_uring that are left out.
pub(super) fn unwanted() -> Result<Features, StartError> {
    let text = std::env::var(WITHOUT).unwrap_or_default();
    Features::parse(&text).map_err(|why| StartError::BadOption(format!("Bad value for {WITHOUT}: {why}")))
}

fn first_of_both(probed: io::Result<Features>) -> Backend {
    match probed {
        Ok(features) => {
            say!(Debug, "Reactor backend: io_uring");
            Backend::IoUring(features)
        }
        Err(error) => {
            let why = StartError::IoUring(error);
            say!(Info, "Reactor backend: epoll, because {why}");
            Backend::Epoll
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backend_has_a_name() {
        assert_eq!(Choice::parse("epoll"), Ok(Choice::Epoll));
        assert_eq!(Choice::parse("io_uring"), Ok(Choice::IoUring));
        assert_eq!(Choice::parse("auto"), Ok(Choice::Auto));
        let error = Choice::of(Some("linux-aio")).unwrap_err().to_string();
        let text = "Bad value for --reactor-backend: there is no reactor backend `linux-aio`; there are auto, io_uring and epoll";
        assert_eq!(error, text);
    }

    #[test]
    fn epoll_stands_in_for_io_uring() {
        assert_eq!(first_of_both(Ok(Features::ALL)), Backend::IoUring(Features::ALL));
        assert_eq!(first_of_both(Err(io::Error::from_raw_os_error(libc::EPERM))), Backend::Epoll);
    }
}
