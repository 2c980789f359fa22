//! What `--memory-map` prints: the memory that fibers have in each shard, known before one is started.

use std::fmt::Write;

use crate::task::Pool;

/// One line for each pool, in the order of their names, one for shard-local statics, and the sum.
pub(super) fn describe(pools: &[Pool], locals: usize) -> String {
    let mut pools: Vec<&Pool> = pools.iter().filter(|pool| pool.slots > 0).collect();
    if pools.is_empty() && locals == 0 {
        return "No function of this program has a pool: fibers take memory when they start.\n".to_owned();
    }
    pools.sort_by_key(|pool| (pool.name, pool.file, pool.line));
    let width = |text: &dyn Fn(&Pool) -> String| pools.iter().map(|pool| text(pool).len()).max().unwrap_or(0);
    let name = width(&|pool| pool.name.to_owned());
    let place = width(&|pool| place(pool));
    let slots = width(&|pool| pool.slots.to_string());
    let size = width(&|pool| pool.slot_size.to_string());
    let sum = locals + pools.iter().map(|pool| pool.size()).sum::<usize>();
    let bytes = sum.to_string().len();
    let mut text = "What each shard keeps from its start:\n".to_owned();
    for pool in &pools {
        let _ = writeln!(
            text,
            "  {:name$}  {:place$}  {:>slots$} slots of {:>size$} bytes  {:>bytes$}",
            pool.name,
            self::place(pool),
            pool.slots,
            pool.slot_size,
            pool.size(),
        );
    }
    if locals > 0 {
        let _ = writeln!(text, "  shard-local statics  {locals}");
    }
    let _ = writeln!(text, "{sum} bytes of the memory of each shard, in whole pages");
    text
}

fn place(pool: &Pool) -> String {
    format!("{}:{}", pool.file, pool.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_without_pools_says_so() {
        assert!(describe(&[Pool::new("", "", 0, 0, 0)], 0).starts_with("No function"));
    }

    #[test]
    fn columns_are_as_wide_as_they_must_be() {
        let pools = [
            Pool::new("server::session", "src/server.rs", 12, 10_000, 352),
            Pool::new("", "", 0, 0, 0),
            Pool::new("main::tick", "src/main.rs", 7, 1, 96),
        ];
        let expected = "\
What each shard keeps from its start:
  main::tick       src/main.rs:7         1 slots of  96 bytes     4096
  server::session  src/server.rs:12  10000 slots of 352 bytes  3522560
  shard-local statics  8192
3534848 bytes of the memory of each shard, in whole pages
";
        assert_eq!(describe(&pools, 8192), expected);
    }
}
