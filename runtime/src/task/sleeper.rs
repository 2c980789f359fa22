//! The agreement between a shard that wants to sleep and those who may have work for it.
//!
//! The shard announces sleep and then looks for work once more; the others publish work and then look
//! for the announcement. With a full fence between the two steps on both sides at least one of them
//! sees the other (Dekker), so work is never left beside a sleeping shard. Checked with loom, which
//! orders the changes of a flag only if all of them are swaps; a sleep costs far more than that.

use crate::atomic::{AtomicBool, Ordering, fence};

/// Whether one shard sleeps.
#[derive(Debug)]
pub(crate) struct Sleeper {
    asleep: AtomicBool,
}

impl Sleeper {
    pub(crate) fn new() -> Sleeper {
        Sleeper { asleep: AtomicBool::new(false) }
    }

    /// Announces sleep. The shard has to look at all its inboxes after this, and then sleep or
    /// call [`awake`](Self::awake).
    pub(crate) fn announce(&self) {
        self.asleep.swap(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// The shard runs again, or never went to sleep.
    pub(crate) fn awake(&self) {
        self.asleep.swap(false, Ordering::Relaxed);
    }

    /// Whether the caller, who has just published work, has to ring the bell. Of several callers one does.
    #[inline]
    pub(crate) fn must_wake(&self) -> bool {
        fence(Ordering::SeqCst);
        self.asleep.load(Ordering::Relaxed) && self.asleep.swap(false, Ordering::Relaxed)
    }
}
