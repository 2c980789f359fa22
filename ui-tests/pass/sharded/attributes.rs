// Attributes mean on the handle what they mean on the service.
#![deny(missing_docs, deprecated, unused_variables)]

//! Documented, because that is asked for.

use std::cell::Cell;

/// Counts.
pub struct Counter {
    count: Cell<u64>,
}

/// Counts on every shard.
#[seastar::sharded(handle = Counters, max_message = 64)]
#[allow(clippy::new_without_default)]
impl Counter {
    /// How many steps are one.
    pub const STEP: u64 = 1;

    /// Starts at zero.
    pub async fn start() -> Self {
        Counter { count: Cell::new(0) }
    }

    /// Adds to the count of one shard.
    #[on(shard)]
    #[inline]
    #[cfg(unix)]
    pub async fn add(&self, shard: usize, n: u64) {
        self.local(n * Self::STEP);
    }

    #[cfg(windows)]
    #[on(shard)]
    pub async fn add(&self, shard: DoesNotExist) {}

    /// The sum of all counts.
    #[broadcast(reduce = |sum, next| sum + next)]
    #[must_use = "this only reads"]
    pub fn sum(&self) -> u64 {
        self.count.get()
    }

    /// An older name.
    #[deprecated(note = "use `sum`")]
    #[broadcast(reduce = u64::wrapping_add)]
    pub async fn total(&self) -> u64 {
        self.count.get()
    }

    fn local(&self, n: u64) {
        self.count.set(self.count.get() + n);
    }
}

#[seastar::main(shards = 2, overprovisioned = true)]
async fn main() -> Result<(), seastar::NotRunning> {
    let counters: Counters = Counter::start_sharded().await;
    counters.add(0, 3).await?;
    counters.add(1, 4).await?;
    assert_eq!(counters.sum().await?, 7);
    #[allow(deprecated)]
    {
        assert_eq!(counters.total().await?, 7);
    }
    let there = counters;
    seastar::submit_to(1, async move || assert_eq!(there.local().unwrap().count.get(), 4)).await;
    assert!(counters.add(2, 1).await.is_err());
    assert!(format!("{counters:?}").starts_with("Counters("));
    assert_eq!(size_of::<Counters>(), size_of::<u64>());
    Ok(())
}
