//! Which CPUs share a core, a package and a memory node, and in what order shards take them.
//!
//! The kernel's tree may be missing in part or whole (containers, virtual machines, other
//! architectures): a CPU about which nothing is said counts as a core of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::cpuset::CpuSet;

/// A CPU that this process may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cpu {
    /// The kernel's number.
    pub(crate) id: usize,
    /// The lowest numbered CPU of the same physical core: siblings have the same `core`.
    pub(crate) core: usize,
    /// The socket.
    pub(crate) package: usize,
    /// The NUMA node.
    pub(crate) node: usize,
}

/// Reads the place of each of `allowed` from the `sys` tree under `root`.
pub(crate) fn read(root: &Path, allowed: &CpuSet) -> Vec<Cpu> {
    let nodes = nodes(root);
    let cpu = |id| {
        let folder = root.join(format!("sys/devices/system/cpu/cpu{id}/topology"));
        let core = siblings(&folder).filter(|siblings| siblings.contains(id)).and_then(|s| s.iter().next());
        let package = read_text(&folder.join("physical_package_id")).and_then(|text| text.parse().ok());
        let node = nodes.iter().find(|(_, cpus)| cpus.contains(id)).map(|(node, _)| *node);
        Cpu { id, core: core.unwrap_or(id), package: package.unwrap_or(0), node: node.unwrap_or(0) }
    };
    allowed.iter().map(cpu).collect()
}

/// The order in which shards take CPUs: one thread of each core first, their siblings last.
///
/// Within each round the cores of one memory node come together, so that few shards stay close to each
/// other: they talk through shared memory, and lines that cross sockets cost several times as much.
pub(crate) fn placement(cpus: &[Cpu]) -> Vec<usize> {
    let mut taken = BTreeMap::<usize, usize>::new();
    let mut order: Vec<_> = cpus
        .iter()
        .map(|cpu| {
            let round = taken.entry(cpu.core).or_default();
            *round += 1;
            (*round, cpu.node, cpu.package, cpu.id)
        })
        .collect();
    order.sort_unstable();
    order.into_iter().map(|(.., id)| id).collect()
}

/// The threads of a CPU's core; the second name is the one of kernels before 5.3.
fn siblings(folder: &Path) -> Option<CpuSet> {
    let lists = ["core_cpus_list", "thread_siblings_list"];
    lists.iter().find_map(|name| read_text(&folder.join(name))?.parse().ok())
}

fn nodes(root: &Path) -> Vec<(usize, CpuSet)> {
    let Ok(entries) = fs::read_dir(root.join("sys/devices/system/node")) else { return Vec::new() };
    let node = |entry: fs::DirEntry| {
        let number = entry.file_name().to_str()?.strip_prefix("node")?.parse().ok()?;
        Some((number, read_text(&entry.path().join("cpulist"))?.parse().ok()?))
    };
    entries.flatten().filter_map(node).collect()
}

/// A file's text without the newline at its end; `None` if it cannot be read.
pub(super) fn read_text(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::machine::fake::Tree;

    fn order(tree: &Tree, allowed: &str) -> Vec<usize> {
        placement(&read(tree.root(), &allowed.parse().unwrap()))
    }

    #[test]
    fn cores_first_siblings_last() {
        // The usual numbering of a machine with 2 cores of 2 threads, and the other one.
        let far = Tree::new().core(&[0, 2], 0).core(&[1, 3], 0);
        assert_eq!(order(&far, "0-3"), [0, 1, 2, 3]);
        let near = Tree::new().core(&[0, 1], 0).core(&[2, 3], 0);
        assert_eq!(order(&near, "0-3"), [0, 2, 1, 3]);
        // A core whose first thread is not ours is still a core.
        assert_eq!(order(&near, "1-3"), [1, 2, 3]);
    }

    #[test]
    fn the_cores_of_a_node_stay_together() {
        let tree = Tree::new()
            .core(&[0, 4], 0)
            .core(&[1, 5], 1)
            .core(&[2, 6], 0)
            .core(&[3, 7], 1)
            .file("sys/devices/system/node/node0/cpulist", "0,2,4,6\n")
            .file("sys/devices/system/node/node1/cpulist", "1,3,5,7\n")
            .file("sys/devices/system/node/possible", "0-1\n");
        assert_eq!(order(&tree, "0-7"), [0, 2, 1, 3, 4, 6, 5, 7]);
        let cpus = read(tree.root(), &"7".parse().unwrap());
        assert_eq!(cpus, [Cpu { id: 7, core: 3, package: 1, node: 1 }]);
    }

    #[test]
    fn what_is_not_told_is_a_core() {
        let empty =
            Tree::new().folder("sys/devices/system/cpu/cpu0/topology").folder("sys/devices/system/node");
        assert_eq!(order(&empty, "0-2"), [0, 1, 2]);
        assert_eq!(order(&Tree::new(), "0-2"), [0, 1, 2]);
        let odd = Tree::new()
            .file("sys/devices/system/cpu/cpu1/topology/core_cpus_list", "0\n")
            .file("sys/devices/system/cpu/cpu2/topology/core_cpus_list", "what\n")
            .file("sys/devices/system/cpu/cpu2/topology/physical_package_id", "-1\n");
        let cpus = read(odd.root(), &"1,2".parse().unwrap());
        assert_eq!(cpus.iter().map(|cpu| (cpu.core, cpu.package)).collect::<Vec<_>>(), [(1, 0), (2, 0)]);
    }

    #[test]
    fn older_kernels_use_another_name() {
        let tree = Tree::new()
            .file("sys/devices/system/cpu/cpu0/topology/thread_siblings_list", "0-1\n")
            .file("sys/devices/system/cpu/cpu1/topology/thread_siblings_list", "0-1\n");
        assert_eq!(order(&tree, "0-2"), [0, 2, 1]);
    }
}
