//! Groups of calls, and how many of them may be in flight.

use std::fmt;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::table;
use crate::smp;
use crate::sync::{DYNAMIC, Semaphore};

/// The units that calls of one group from one shard to one other hold.
pub(super) type Lane = Rc<Semaphore<DYNAMIC>>;

/// The lanes of one shard, to all of them, by the numbers of the groups.
pub(super) type Lanes = Vec<Option<Box<[Lane]>>>;

/// Calls to other shards of which only so many may run at the same time on each (SMP-4).
///
/// Those beyond that wait where they are made, in their order, and cost the called shard nothing. Each shard has its part of the number, and
/// at least one, so that no shard keeps the others out. Calls to the own shard are not limited. What a group holds up, it holds up for itself:
/// so give calls that are made from within calls of a group another group, or none, or they may wait for each other for ever.
///
/// A group is a static, used by [`CallOptions::group`](crate::CallOptions::group).
///
/// ```
/// use seastar::{CallOptions, ServiceGroup, submit_to_with};
///
/// static LOOKUPS: ServiceGroup = ServiceGroup::new("lookups", 64);
///
/// #[seastar::main(shards = 2, overprovisioned = true)]
/// async fn main() -> Result<(), seastar::CallError> {
///     let options = CallOptions::new().group(&LOOKUPS);
///     assert_eq!(submit_to_with(options, 1, async || seastar::this_shard()).await?, 1);
///     Ok(())
/// }
/// ```
pub struct ServiceGroup {
    name: &'static str,
    max: usize,
    /// Zero until it is used first.
    number: AtomicUsize,
}

impl ServiceGroup {
    /// A group of calls of which `max` may run at the same time on each shard. Errors tell the name.
    pub const fn new(name: &'static str, max: usize) -> ServiceGroup {
        assert!(max > 0, "a group that no call may run in would make all of them wait for ever");
        ServiceGroup { name, max, number: AtomicUsize::new(0) }
    }

    /// Its name.
    ///
    /// ```
    /// use seastar::ServiceGroup;
    ///
    /// static LOOKUPS: ServiceGroup = ServiceGroup::new("lookups", 64);
    ///
    /// #[seastar::main(shards = 2, overprovisioned = true)]
    /// async fn main() {
    ///     assert_eq!(LOOKUPS.name(), "lookups");
    ///     assert_eq!(LOOKUPS.share(), 64); // there is one other shard, which all of them may be for
    /// }
    /// ```
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// How many of this shard's calls may run on one other at the same time.
    ///
    /// # Panics
    ///
    /// On a thread that is no shard.
    pub fn share(&self) -> usize {
        let others = smp::shard_count().saturating_sub(1).max(1);
        (self.max / others).max(1)
    }

    /// This shard's units for calls to another.
    pub(super) fn lane(&self, shard: usize) -> Lane {
        let number = self.number();
        table::with_lanes(|lanes| {
            if lanes.len() <= number {
                lanes.resize_with(number + 1, || None);
            }
            let lanes = lanes[number].get_or_insert_with(|| {
                let lane = |_| Rc::new(Semaphore::with_units(self.share()).named(self.name));
                (0..smp::shard_count()).map(lane).collect()
            });
            lanes[shard].clone()
        })
        .expect("calls are made on a shard")
    }

    fn number(&self) -> usize {
        static GROUPS: AtomicUsize = AtomicUsize::new(1);
        let number = self.number.load(Ordering::Relaxed);
        if number > 0 {
            return number;
        }
        // Whoever is first gives it; a number of another who came too late stays unused.
        let new = GROUPS.fetch_add(1, Ordering::Relaxed);
        let given = self.number.compare_exchange(0, new, Ordering::Relaxed, Ordering::Relaxed);
        given.map_or_else(|first| first, |_| new)
    }
}

impl fmt::Debug for ServiceGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceGroup")
            .field("name", &self.name)
            .field("max", &self.max)
            .finish_non_exhaustive()
    }
}
