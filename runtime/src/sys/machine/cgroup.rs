//! The limits of the control group, in both versions of the interface.
//!
//! A process is bound by its own group and by all above it. In a container the path of the group may
//! name folders that only the host sees; they are skipped on the way up, and the mount point itself is
//! then the container's group. So no mount table has to be read.

use std::path::{Path, PathBuf};

use super::read_text;

/// The smallest limits on the way from the process's group to the top.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Limits {
    /// Thousandths of a CPU.
    pub(super) cpu_milli: Option<u64>,
    /// Bytes.
    pub(super) memory: Option<u64>,
}

impl Limits {
    pub(super) fn read(root: &Path) -> Limits {
        let mounts = root.join("sys/fs/cgroup");
        let mut limits = Limits::default();
        // Lines are `number:controllers:path`; version 2 is number 0 and has no controllers.
        for line in read_text(&root.join("proc/self/cgroup")).unwrap_or_default().lines() {
            let mut parts = line.splitn(3, ':');
            let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
                continue;
            };
            if controllers.is_empty() {
                for mount in [mounts.clone(), mounts.join("unified")] {
                    each_group(&mount, path, |group| limits.tighten(cpu_v2(group), memory_v2(group)));
                }
            }
            for controller in controllers.split(',') {
                // Controllers that share a hierarchy are mounted under their joined name as well.
                let mount = [mounts.join(controller), mounts.join(controllers)];
                let Some(mount) = mount.iter().find(|mount| mount.is_dir()) else { continue };
                match controller {
                    "cpu" => each_group(mount, path, |group| limits.tighten(cpu_v1(group), None)),
                    "memory" => each_group(mount, path, |group| limits.tighten(None, memory_v1(group))),
                    _ => {}
                }
            }
        }
        limits
    }

    fn tighten(&mut self, cpu_milli: Option<u64>, memory: Option<u64>) {
        self.cpu_milli = self.cpu_milli.into_iter().chain(cpu_milli).min();
        self.memory = self.memory.into_iter().chain(memory).min();
    }
}

/// Calls `look` with the folder of the group and of each above it, `mount` last.
fn each_group(mount: &Path, path: &str, mut look: impl FnMut(&Path)) {
    // A group outside of our name space shows as `/../other`, which is nowhere under `mount`.
    let path = if path.split('/').any(|part| part == "..") { "" } else { path.trim_start_matches('/') };
    let group: PathBuf = mount.join(path);
    group.ancestors().take_while(|folder| folder.starts_with(mount)).for_each(&mut look);
}

/// `cpu.max` is `QUOTA PERIOD` in microseconds, or `max PERIOD`.
fn cpu_v2(group: &Path) -> Option<u64> {
    let text = read_text(&group.join("cpu.max"))?;
    let (quota, period) = text.split_once(' ')?;
    milli(quota.parse().ok()?, period.parse().ok()?)
}

/// The quota is -1 where there is none.
fn cpu_v1(group: &Path) -> Option<u64> {
    let number = |name: &str| read_text(&group.join(name))?.parse().ok();
    milli(number("cpu.cfs_quota_us")?, number("cpu.cfs_period_us")?)
}

fn milli(quota_us: u64, period_us: u64) -> Option<u64> {
    quota_us.saturating_mul(1000).checked_div(period_us)
}

/// `max` is no number and thus no limit.
fn memory_v2(group: &Path) -> Option<u64> {
    read_text(&group.join("memory.max"))?.parse().ok()
}

/// Without a limit this is a number larger than any machine, which needs no special case.
fn memory_v1(group: &Path) -> Option<u64> {
    read_text(&group.join("memory.limit_in_bytes"))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::fake::Tree;
    use super::*;

    fn limits(tree: &Tree) -> (Option<u64>, Option<u64>) {
        let limits = Limits::read(tree.root());
        (limits.cpu_milli, limits.memory)
    }

    #[test]
    fn none_without_groups() {
        assert_eq!(limits(&Tree::new()), (None, None));
        assert_eq!(limits(&Tree::new().file("proc/self/cgroup", "nonsense\n1:\n0::/\n")), (None, None));
    }

    #[test]
    fn version_2_takes_the_smallest_on_the_way_up() {
        let tree = Tree::new()
            .file("proc/self/cgroup", "0::/kube/pod/app\n")
            .file("sys/fs/cgroup/kube/cpu.max", "150000 100000\n")
            .file("sys/fs/cgroup/kube/pod/cpu.max", "max 100000\n")
            .file("sys/fs/cgroup/kube/pod/app/cpu.max", "400000 100000\n")
            .file("sys/fs/cgroup/kube/memory.max", "max\n")
            .file("sys/fs/cgroup/kube/pod/memory.max", "1073741824\n")
            .file("sys/fs/cgroup/kube/pod/app/memory.max", "2147483648\n");
        assert_eq!(limits(&tree), (Some(1500), Some(1 << 30)));
    }

    #[test]
    fn version_1_with_joined_controllers() {
        let tree = Tree::new()
            .file("proc/self/cgroup", "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n1:name=systemd:/\n")
            .file("sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "300000\n")
            .file("sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us", "100000\n")
            .file("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n")
            .file("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n")
            .file("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
            .file("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "536870912\n");
        assert_eq!(limits(&tree), (Some(3000), Some(512 << 20)));
    }

    #[test]
    fn a_container_that_sees_the_path_of_the_host() {
        let tree = Tree::new()
            .file("proc/self/cgroup", "4:memory:/docker/abc\n0::/../outside\n")
            .file("sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912\n")
            .file("sys/fs/cgroup/unified/cpu.max", "200000 100000\n");
        assert_eq!(limits(&tree), (Some(2000), Some(512 << 20)));
    }

    #[test]
    fn odd_files_are_no_limits() {
        let tree = Tree::new()
            .file("proc/self/cgroup", "0::/\n")
            .file("sys/fs/cgroup/cpu.max", "100000 0\n")
            .file("sys/fs/cgroup/memory.max", "lots\n");
        assert_eq!(limits(&tree), (None, None));
    }
}
