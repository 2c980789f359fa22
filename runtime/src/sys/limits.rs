//! Limits of the process on what is counted, and what to do when one is reached.

use std::io;

/// More than this is not asked for: programs that this one starts may go through all numbers that there can be.
const DESCRIPTORS_MAX: u64 = 1 << 20;

/// What is in force, and how far the process may raise it by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) soft: u64,
    pub(crate) hard: u64,
}

impl Limit {
    /// Open files.
    pub(crate) fn descriptors() -> io::Result<Limit> {
        get(libc::RLIMIT_NOFILE)
    }

    /// Bytes of memory that stays where it is.
    pub(crate) fn locked_memory() -> io::Result<Limit> {
        get(libc::RLIMIT_MEMLOCK)
    }

    /// What becomes of a limit on open files at start.
    pub(crate) fn raised(self) -> Limit {
        Limit { soft: self.soft.max(self.hard.min(DESCRIPTORS_MAX)), hard: self.hard }
    }
}

/// Raises the soft limit on open files as far as the process may. It is low for the sake of programs that use select(2), which
/// cannot take larger numbers; each connection of a server needs one.
pub(crate) fn raise_descriptors() {
    let Ok(now) = Limit::descriptors() else { return };
    let raised = now.raised();
    if raised != now
        && let Err(error) = set(libc::RLIMIT_NOFILE, raised)
    {
        say!(Debug, "The limit on open files stays at {}: {error}", now.soft);
    }
}

/// What to do about an error that comes from a limit.
pub(crate) fn remedy(error: &io::Error) -> Option<&'static str> {
    match error.raw_os_error()? {
        libc::EMFILE => Some(
            "raise the limit on open files of this process (`ulimit -Hn`, LimitNOFILE= of systemd, --ulimit nofile= of a container)",
        ),
        libc::ENFILE => Some("raise the limit on open files of the machine (`sysctl fs.file-max`)"),
        _ => None,
    }
}

type Resource = libc::__rlimit_resource_t;

fn get(resource: Resource) -> io::Result<Limit> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: a valid place for one limit.
    match unsafe { libc::getrlimit(resource, &raw mut limit) } {
        0 => Ok(Limit { soft: limit.rlim_cur, hard: limit.rlim_max }),
        _ => Err(io::Error::last_os_error()),
    }
}

fn set(resource: Resource, limit: Limit) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: limit.soft, rlim_max: limit.hard };
    // SAFETY: a valid limit, which lives during the call.
    match unsafe { libc::setrlimit(resource, &raw const limit) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_raised_as_far_as_is_allowed_and_sensible() {
        let raised = |soft, hard| Limit { soft, hard }.raised().soft;
        assert_eq!(raised(1024, 4096), 4096);
        assert_eq!(raised(1024, 1 << 30), 1 << 20);
        assert_eq!(raised(1 << 25, 1 << 30), 1 << 25);
        assert_eq!(raised(64, 64), 64);
    }

    #[test]
    fn only_limits_have_remedies() {
        let remedy = |errno| remedy(&io::Error::from_raw_os_error(errno));
        assert!(remedy(libc::EMFILE).unwrap().contains("ulimit -Hn"));
        assert!(remedy(libc::ENFILE).unwrap().contains("fs.file-max"));
        assert_eq!(remedy(libc::ECONNRESET), None);
    }
}
