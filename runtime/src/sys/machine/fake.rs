//! A `proc` and `sys` tree in a temporary folder, for tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The folder that stands for `/`; removed on drop.
pub(crate) struct Tree(PathBuf);

impl Tree {
    pub(crate) fn new() -> Tree {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("seastar-tree-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let root = std::env::temp_dir().join(name);
        fs::create_dir_all(&root).unwrap();
        Tree(root)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.0
    }

    pub(crate) fn folder(self, path: &str) -> Tree {
        fs::create_dir_all(self.0.join(path)).unwrap();
        self
    }

    pub(crate) fn file(self, path: &str, text: &str) -> Tree {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// A physical core with these threads.
    pub(crate) fn core(mut self, threads: &[usize], package: usize) -> Tree {
        let list = threads.iter().map(usize::to_string).collect::<Vec<_>>().join(",") + "\n";
        for id in threads {
            let folder = format!("sys/devices/system/cpu/cpu{id}/topology");
            self = self
                .file(&format!("{folder}/core_cpus_list"), &list)
                .file(&format!("{folder}/physical_package_id"), &format!("{package}\n"));
        }
        self
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
