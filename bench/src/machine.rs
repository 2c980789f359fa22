//! What the figures were measured on.

use std::fs;

/// Kernel and processor, in a line.
pub fn describe() -> String {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let mut models =
        processors.lines().filter_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let model = models.next().unwrap_or("unknown processor").to_owned();
    format!("Linux {}, {model}, {} CPUs", kernel.trim(), models.count() + 1)
}
