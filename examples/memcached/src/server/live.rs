//! A line of statistics each second.

use std::io;
use std::time::Duration;

use super::shard::ShardHandle;
use super::stats::Snapshot;

const PERIOD: Duration = Duration::from_secs(1);

/// Starts to print, until the program stops.
pub(super) fn start(shards: ShardHandle) {
    drop(seastar::spawn(print(shards)));
}

async fn print(shards: ShardHandle) -> io::Result<()> {
    let mut before = shards.snapshot().await?;
    while seastar::timeout(PERIOD, seastar::stopping()).await.is_err() {
        let now = shards.snapshot().await?;
        println!("{}", line(&before, &now));
        before = now;
    }
    Ok(())
}

/// What happened between two looks.
fn line(before: &Snapshot, now: &Snapshot) -> String {
    let (then, counters) = (before.counters, now.counters);
    let gets = counters.cmd_get.wrapping_sub(then.cmd_get);
    let hits = counters.get_hits.wrapping_sub(then.get_hits);
    let hit_rate = if gets == 0 { 0.0 } else { 100.0 * hits as f64 / gets as f64 };
    format!(
        "gets/s {gets}, hit rate {hit_rate:.1} %, sets/s {}, evictions/s {}, items {}, bytes {}",
        counters.cmd_set.wrapping_sub(then.cmd_set),
        now.store.evictions.wrapping_sub(before.store.evictions),
        now.store.curr_items,
        now.store.bytes,
    )
}
