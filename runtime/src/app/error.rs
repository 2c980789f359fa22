//! Why a program could not start.
//!
//! The first words of a text are those of C++ Seastar, which people search for; the numbers and the
//! remedy follow.

use std::error::Error;
use std::fmt;
use std::io;

use crate::sys::limits;

/// Why the shards could not be started.
///
/// The text says in one line what is wrong and what to do about it.
///
/// ```
/// use seastar::StartError;
///
/// let error = StartError::InsufficientMemory { needed: 10 << 40, available: 8 << 30 };
/// assert_eq!(
///     error.to_string(),
///     "insufficient physical memory: needed 10995116277760 available 8589934592; lower --memory",
/// );
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// `--smp 0`.
    NoShards,
    /// More shards than CPUs.
    InsufficientProcessingUnits {
        /// Shards asked for.
        needed: u32,
        /// CPUs that the process may use.
        available: u32,
        /// What keeps it from using more.
        limit: &'static str,
    },
    /// More memory than the machine, or the control group, has.
    InsufficientMemory {
        /// Bytes asked for.
        needed: u64,
        /// Bytes that the process may use.
        available: u64,
    },
    /// Too little memory for so many shards.
    InsufficientShardMemory {
        /// Shards that share the memory.
        shards: u32,
        /// Bytes that they need at least.
        needed: u64,
        /// Bytes that they have.
        available: u64,
    },
    /// Too little memory for the pools of `#[seastar::task(pool = N)]` functions and the statics with
    /// `#[seastar::shard_local]`.
    ReservedTooLarge {
        /// Bytes that these take of each shard.
        reserved: u64,
        /// Bytes that each shard has.
        budget: u64,
    },
    /// A `--cpuset` with CPUs that the process may not use.
    BadCpuset {
        /// The CPUs that are refused, such as `9` or `4-7,9`.
        refused: String,
        /// The CPUs that may be used, such as `0-3`.
        allowed: String,
    },
    /// Any other setting that makes no sense; the text names it.
    BadOption(String),
    /// The machine could not be looked at.
    Machine(io::Error),
    /// The kernel refuses to set up an io_uring.
    IoUring(io::Error),
    /// The kernel refuses to set up an epoll.
    Epoll(io::Error),
    /// A thread could not be started.
    Thread(io::Error),
    /// A signal ended the program before its main function had returned.
    Stopped,
    /// A shard could not be bound to its CPU, or to the CPUs of `--cpuset`.
    Pin {
        /// The CPUs, such as `3` or `0-3`.
        cpus: String,
        /// What the kernel says.
        source: io::Error,
    },
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::NoShards => {
                f.write_str("number of processing units must be positive; leave --smp out for one per CPU")
            }
            StartError::InsufficientProcessingUnits { needed, available, limit } => write!(
                f,
                "insufficient processing units: needed {needed} available {available}, limited by {limit}; \
                 lower --smp, or add --overprovisioned to let shards share CPUs"
            ),
            StartError::InsufficientMemory { needed, available } => {
                write!(
                    f,
                    "insufficient physical memory: needed {needed} available {available}; lower --memory"
                )
            }
            StartError::InsufficientShardMemory { shards, needed, available } => write!(
                f,
                "insufficient physical memory: needed {needed} available {available} for {shards} shards; \
                 start fewer with --smp or let them have more with --memory"
            ),
            StartError::ReservedTooLarge { reserved, budget } => write!(
                f,
                "insufficient physical memory: pools of fibers and shard-local statics take {reserved} of the {budget} of \
                 each shard, \
                 and three quarters is the limit; see --memory-map, and raise --memory or make them smaller"
            ),
            StartError::BadCpuset { refused, allowed } => write!(
                f,
                "Bad value for --cpuset: {refused} not allowed. Shutting down. \
                 This process may use {allowed}; see taskset and the control group's cpuset"
            ),
            StartError::BadOption(text) => f.write_str(text),
            StartError::Machine(error) => {
                let remedy = limits::remedy(error).unwrap_or("are /proc and /sys mounted?");
                write!(f, "cannot tell what this machine offers: {error}; {remedy}")
            }
            StartError::IoUring(error) => {
                write!(f, "io_uring refused: {error}; {}", io_uring_remedy(error))
            }
            StartError::Epoll(error) => {
                write!(
                    f,
                    "epoll refused: {error}; {}",
                    limits::remedy(error).unwrap_or("see epoll_create(2)")
                )
            }
            StartError::Stopped => f.write_str("stopped by a signal before the main function had returned"),
            StartError::Thread(error) => {
                write!(
                    f,
                    "cannot start a shard's thread: {error}; raise the limit (`ulimit -u`) or lower --smp"
                )
            }
            StartError::Pin { cpus, source } => write!(
                f,
                "cannot bind a shard to CPU {cpus}: {source}; \
                 choose others with --cpuset, or none with --thread-affinity 0"
            ),
        }
    }
}

fn io_uring_remedy(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => {
            "a container's seccomp profile or `sysctl kernel.io_uring_disabled` forbids it: \
             allow io_uring_setup, io_uring_enter and io_uring_register in the profile, or set that to 0"
        }
        Some(libc::ENOSYS | libc::EINVAL) => "Linux 6.0 or newer is needed, with io_uring compiled in",
        Some(libc::ENOMEM) => {
            "raise the memory limit of the control group or, before Linux 5.12, the one on locked memory \
             (`ulimit -l`), or lower --smp"
        }
        _ => limits::remedy(error)
            .unwrap_or("Linux 6.0 or newer that lets this process use io_uring is needed"),
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            StartError::Machine(error)
            | StartError::IoUring(error)
            | StartError::Epoll(error)
            | StartError::Thread(error) => Some(error),
            StartError::Pin { source, .. } => Some(source),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_of_io_uring_has_its_remedy() {
        let text = |errno| StartError::IoUring(io::Error::from_raw_os_error(errno)).to_string();
        assert!(text(libc::EPERM).contains("seccomp") && text(libc::EPERM).contains("io_uring_disabled"));
        assert!(text(libc::ENOSYS).contains("Linux 6.0"));
        assert!(text(libc::ENOMEM).contains("ulimit -l"));
        assert!(text(libc::EMFILE).contains("ulimit -Hn"));
        assert!(text(libc::EIO).starts_with("io_uring refused: Input/output error"));
        assert!(!text(libc::EPERM).contains('\n'));
    }

    #[test]
    fn the_cause_can_be_asked_for() {
        let refused = || io::Error::from_raw_os_error(libc::EAGAIN);
        let pin = StartError::Pin { cpus: "3".to_owned(), source: refused() };
        assert!(pin.source().is_some() && StartError::Thread(refused()).source().is_some());
        assert!(pin.to_string().starts_with("cannot bind a shard to CPU 3: "));
        assert!(StartError::NoShards.source().is_none());
    }
}
