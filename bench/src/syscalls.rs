//! Counting the system calls of another process without slowing it down, by the kernel's own tracepoint.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{FromRawFd, RawFd};

const TRACEPOINT_IDS: [&str; 2] = [
    "/sys/kernel/tracing/events/raw_syscalls/sys_enter/id",
    "/sys/kernel/debug/tracing/events/raw_syscalls/sys_enter/id",
];
const PERF_TYPE_TRACEPOINT: u32 = 2;
const PERF_FLAG_FD_CLOEXEC: u64 = 1 << 3;
/// Threads that the process starts later count too.
const PERF_FLAG_INHERIT: u64 = 1 << 1;

/// The first version of `perf_event_attr`, which the kernel still takes.
#[repr(C)]
#[derive(Default)]
struct PerfEventAttributes {
    kind: u32,
    size: u32,
    config: u64,
    sample_period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup_events: u32,
    breakpoint_type: u32,
    config1: u64,
}

/// Counts the system calls of one process, one counter for each thread.
pub struct SyscallCounter(Vec<File>);

impl SyscallCounter {
    /// Starts counting.
    pub fn of(pid: u32) -> io::Result<Self> {
        let id = tracepoint()?;
        let mut counters = Vec::new();
        for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
            if let Ok(thread) = thread?.file_name().to_string_lossy().parse() {
                counters.push(open(id, thread)?);
            }
        }
        Ok(Self(counters))
    }

    /// System calls so far.
    pub fn count(&mut self) -> io::Result<u64> {
        let mut total = 0;
        for counter in &mut self.0 {
            let mut value = [0; 8];
            counter.read_exact(&mut value)?;
            total += u64::from_ne_bytes(value);
        }
        Ok(total)
    }
}

fn tracepoint() -> io::Result<u64> {
    let text = TRACEPOINT_IDS.iter().find_map(|path| fs::read_to_string(path).ok()).ok_or_else(|| {
        let text = "no tracepoints to be seen; as root, run `mount -t tracefs tracefs /sys/kernel/tracing`";
        io::Error::new(io::ErrorKind::NotFound, text)
    })?;
    text.trim().parse().map_err(io::Error::other)
}

fn open(tracepoint: u64, thread: libc::pid_t) -> io::Result<File> {
    let attributes = PerfEventAttributes {
        kind: PERF_TYPE_TRACEPOINT,
        size: size_of::<PerfEventAttributes>() as u32,
        config: tracepoint,
        flags: PERF_FLAG_INHERIT,
        ..PerfEventAttributes::default()
    };
    // SAFETY: the attributes outlive the call and their size is in them.
    let fd = unsafe {
        libc::syscall(libc::SYS_perf_event_open, &attributes, thread, -1, -1, PERF_FLAG_FD_CLOEXEC)
    };
    if fd < 0 {
        let error = io::Error::last_os_error();
        let text = format!("perf_event_open: {error}; it takes root or CAP_PERFMON");
        return Err(io::Error::new(error.kind(), text));
    }
    // SAFETY: the descriptor was just made and nobody else owns it.
    Ok(unsafe { File::from_raw_fd(fd as RawFd) })
}
