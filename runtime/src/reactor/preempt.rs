//! When a task has run long enough.
//!
//! The clock is too dear to be read at every question, so it is read at every n-th, and n follows how
//! fast the questions come: a task that asks every nanosecond is charged a fraction of one for it, and
//! one that asks every millisecond is answered from the clock each time.

use std::cell::Cell;

use super::state;
use crate::sys::clock;
use crate::task;

/// Most questions between two looks at the clock.
const STRIDE_MAX: u32 = 64;
const NOT_BEGUN: u64 = 0;

thread_local! {
    static QUOTA: Quota = const {
        Quota { left: Cell::new(1), stride: Cell::new(1), read: Cell::new(0), end: Cell::new(0), over: Cell::new(false) }
    };
}

struct Quota {
    /// Questions until the next look at the clock, that one included. Stays at one when the quota is over.
    left: Cell<u32>,
    stride: Cell<u32>,
    /// When the clock was last read.
    read: Cell<u64>,
    /// When the quota is over. It begins with the first look at the clock, so that short turns need none.
    end: Cell<u64>,
    over: Cell<bool>,
}

/// A new quota begins.
#[inline]
pub(super) fn begin() {
    QUOTA.with(|quota| {
        quota.end.set(NOT_BEGUN);
        quota.over.set(false);
    });
}

/// Whether the running task has used up its share of the turn, or the kernel has news (PRE-1).
///
/// Loops that compute should ask now and then, and let others run when it says so; [`maybe_yield`]
/// does both. Usually costs a decrement and a compare.
///
/// ```
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let mut sum = 0u64;
///     for n in 0..1_000_000 {
///         sum += n;
///         if seastar::need_preempt() {
///             seastar::yield_now().await;
///         }
///     }
///     assert_eq!(sum, 499_999_500_000);
/// }
/// ```
#[inline]
pub fn need_preempt() -> bool {
    QUOTA.with(|quota| {
        let left = quota.left.get() - 1;
        if left > 0 {
            quota.left.set(left);
            return false;
        }
        look(quota)
    })
}

#[cold]
fn look(quota: &Quota) -> bool {
    if quota.over.get() {
        return true;
    }
    let now = clock::now();
    let allowed = state::with(|reactor| reactor.setup.task_quota.as_nanos() as u64).unwrap_or(u64::MAX);
    // The answer may be late by as long as one stride takes: keep that to an eighth of the quota.
    let stride = quota.stride.get();
    let begins = quota.end.get() == NOT_BEGUN;
    if begins {
        quota.end.set(now.saturating_add(allowed));
    }
    let fast = begins || now.saturating_sub(quota.read.get()) < allowed / 16;
    quota.read.set(now);
    let stride = if fast { (stride * 2).min(STRIDE_MAX) } else { (stride / 4).max(1) };
    quota.stride.set(stride);
    quota.left.set(stride);
    let news = state::with(|reactor| reactor.driver.has_news()).unwrap_or(false);
    if now >= quota.end.get() || news {
        quota.over.set(true);
        quota.left.set(1);
    }
    quota.over.get()
}

/// Lets others run if the task has used up its share of the turn, and costs next to nothing if not (PRE-2). Cannot fail, and
/// may be dropped at any time.
///
/// ```
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     for _ in 0..1_000_000 {
///         seastar::maybe_yield().await;
///     }
/// }
/// ```
#[inline]
pub async fn maybe_yield() {
    if need_preempt() {
        task::yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quota_ends_however_fast_one_asks() {
        QUOTA.with(|quota| {
            let now = clock::now();
            quota.end.set(now + 2_000_000);
            while !need_preempt() {}
            assert!(clock::now() >= now + 2_000_000);
        });
        begin();
        assert!(!need_preempt());
    }
}
