//! What this process may use of the machine: CPUs, CPU time and memory.
//!
//! The numbers of the hardware are only the start. Inside a container the affinity mask, the CPU
//! quota and the memory limit of the control group say less, and exceeding them means throttling or being
//! killed, so the smallest number counts.

use std::fmt;
use std::io;
use std::path::Path;

use super::cpuset::{self, CpuSet};
use super::topology::{self, Cpu, read_text};

mod cgroup;

/// What this process may use.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    /// The CPUs of the affinity mask, in the order of their numbers.
    pub(crate) cpus: Vec<Cpu>,
    /// CPU time that the control group grants, in thousandths of a CPU.
    pub(crate) cpu_quota_milli: Option<u64>,
    /// Bytes of memory that the machine has.
    pub(crate) memory_physical: u64,
    /// Bytes of memory that the control group grants; may be more than the machine has.
    pub(crate) memory_limit: Option<u64>,
    /// Bytes that the kernel keeps free (`vm.min_free_kbytes`).
    pub(crate) memory_min_free: u64,
    /// Whether a hypervisor runs below.
    pub(crate) virtualized: bool,
}

impl Machine {
    /// Looks at the machine as the calling thread sees it: a thread that is pinned sees one CPU.
    pub(crate) fn detect() -> io::Result<Machine> {
        Machine::detect_at(Path::new("/"), &cpuset::affinity()?)
    }

    /// The same for a `proc` and a `sys` that lie under `root`.
    pub(crate) fn detect_at(root: &Path, allowed: &CpuSet) -> io::Result<Machine> {
        let min_free =
            read_text(&root.join("proc/sys/vm/min_free_kbytes")).and_then(|text| text.parse().ok());
        let limits = cgroup::Limits::read(root);
        Ok(Machine {
            cpus: topology::read(root, allowed),
            cpu_quota_milli: limits.cpu_milli,
            memory_physical: memory_physical(root)?,
            memory_limit: limits.memory,
            memory_min_free: min_free.unwrap_or(0_u64).saturating_mul(1024),
            virtualized: virtualized(root),
        })
    }

    /// The numbers of the CPUs.
    pub(crate) fn allowed(&self) -> CpuSet {
        self.cpus.iter().map(|cpu| cpu.id).collect()
    }

    /// Whole CPUs that the quota pays for, at least one. A fraction does not count: a shard that gets half
    /// of a CPU's time holds up all others, because they wait for its answers.
    pub(crate) fn cpu_quota(&self) -> Option<usize> {
        self.cpu_quota_milli.map(|milli| usize::try_from(milli / 1000).unwrap_or(usize::MAX).max(1))
    }

    /// Bytes that programs may use (APP-2).
    pub(crate) fn memory_available(&self) -> u64 {
        let granted = self.memory_physical.min(self.memory_limit.unwrap_or(u64::MAX));
        granted.saturating_sub(self.memory_min_free)
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CPUs {}", self.allowed())?;
        if let Some(milli) = self.cpu_quota_milli {
            write!(f, ", CPU quota {}.{:03}", milli / 1000, milli % 1000)?;
        }
        write!(f, ", {} MiB of memory available", self.memory_available() >> 20)?;
        if self.virtualized { f.write_str(", virtual") } else { Ok(()) }
    }
}

fn memory_physical(root: &Path) -> io::Result<u64> {
    let path = root.join("proc/meminfo");
    let text = std::fs::read_to_string(&path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kilobytes = total.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    let missing = || io::Error::new(io::ErrorKind::InvalidData, format!("{}: no MemTotal", path.display()));
    kilobytes.map(|kilobytes| kilobytes.saturating_mul(1024)).ok_or_else(missing)
}

/// The flag that hypervisors set in the CPU's own description (x86 only; elsewhere the answer is no).
fn virtualized(root: &Path) -> bool {
    let text = read_text(&root.join("proc/cpuinfo")).unwrap_or_default();
    let flags = text.lines().find(|line| line.starts_with("flags"));
    flags.is_some_and(|line| line.split_whitespace().any(|flag| flag == "hypervisor"))
}

#[cfg(test)]
pub(crate) mod fake;

#[cfg(test)]
mod tests {
    use super::fake::Tree;
    use super::*;

    fn detect(tree: &Tree) -> Machine {
        Machine::detect_at(tree.root(), &"0-3".parse().unwrap()).unwrap()
    }

    #[test]
    fn this_machine_is_detected() {
        let machine = Machine::detect().unwrap();
        assert_eq!(machine.allowed(), cpuset::affinity().unwrap());
        assert!(!machine.cpus.is_empty());
        assert!(machine.memory_available() > 0 && machine.memory_available() <= machine.memory_physical);
    }

    #[test]
    fn a_plain_machine() {
        let tree = Tree::new()
            .file("proc/meminfo", "MemTotal:        8388608 kB\nMemFree:  1 kB\n")
            .file("proc/sys/vm/min_free_kbytes", "67584\n")
            .file("proc/cpuinfo", "processor : 0\nflags\t\t: fpu sse hypervisor_x\n");
        let machine = detect(&tree);
        assert_eq!(machine.memory_physical, 8 << 30);
        assert_eq!(machine.memory_available(), (8 << 30) - 67584 * 1024);
        assert_eq!((machine.cpu_quota(), machine.memory_limit, machine.virtualized), (None, None, false));
        assert_eq!(machine.to_string(), "CPUs 0-3, 8126 MiB of memory available");
    }

    #[test]
    fn a_small_container_on_a_virtual_machine() {
        let tree = Tree::new()
            .file("proc/meminfo", "MemTotal: 8388608 kB\n")
            .file("proc/cpuinfo", "flags : fpu hypervisor sse\n")
            .file("proc/self/cgroup", "0::/\n")
            .file("sys/fs/cgroup/cpu.max", "50000 100000\n")
            .file("sys/fs/cgroup/memory.max", "134217728\n");
        let machine = detect(&tree);
        assert_eq!((machine.cpu_quota_milli, machine.cpu_quota()), (Some(500), Some(1)));
        assert_eq!(machine.memory_available(), 128 << 20);
        assert_eq!(machine.to_string(), "CPUs 0-3, CPU quota 0.500, 128 MiB of memory available, virtual");
    }

    #[test]
    fn memory_must_be_known() {
        let allowed = CpuSet::from_iter([0]);
        let error = Machine::detect_at(Tree::new().root(), &allowed).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().contains("proc/meminfo: "), "{error}");
        let odd = Tree::new().file("proc/meminfo", "MemFree: 12 kB\n");
        let error = Machine::detect_at(odd.root(), &allowed).unwrap_err();
        assert!(error.to_string().ends_with("no MemTotal"), "{error}");
    }
}
