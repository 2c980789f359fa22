//! What the running kernel says about itself.

use std::path::Path;

use super::topology::read_text;

/// The kernel and its rules for this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kernel {
    /// Such as `6.1.0-18-amd64`.
    pub(crate) release: Option<String>,
    /// `kernel.io_uring_disabled`, since Linux 6.6: 0 lets everybody use it, 1 those of a group, 2 nobody.
    pub(crate) io_uring_disabled: Option<u32>,
    /// Whether a seccomp profile says which calls are allowed.
    pub(crate) is_filtered: bool,
}

impl Kernel {
    /// What a `proc` under `root` says.
    pub(crate) fn detect_at(root: &Path) -> Kernel {
        let status = read_text(&root.join("proc/thread-self/status")).unwrap_or_default();
        let seccomp = status.lines().find_map(|line| line.strip_prefix("Seccomp:"));
        Kernel {
            release: read_text(&root.join("proc/sys/kernel/osrelease")),
            io_uring_disabled: read_text(&root.join("proc/sys/kernel/io_uring_disabled"))
                .and_then(|text| text.parse().ok()),
            is_filtered: seccomp.is_some_and(|mode| mode.trim() == "2"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::machine::fake::Tree;

    #[test]
    fn a_kernel_says_what_it_is_and_what_it_forbids() {
        let tree = Tree::new()
            .file("proc/sys/kernel/osrelease", "6.8.0-40-generic\n")
            .file("proc/sys/kernel/io_uring_disabled", "2\n")
            .file("proc/thread-self/status", "Name:\tx\nSeccomp:\t2\nSeccomp_filters:\t1\n");
        let kernel = Kernel::detect_at(tree.root());
        assert_eq!(kernel.release.as_deref(), Some("6.8.0-40-generic"));
        assert_eq!((kernel.io_uring_disabled, kernel.is_filtered), (Some(2), true));
        let nothing = Kernel { release: None, io_uring_disabled: None, is_filtered: false };
        assert_eq!(Kernel::detect_at(Tree::new().root()), nothing);
    }
}
