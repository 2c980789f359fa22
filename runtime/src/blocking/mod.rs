//! Code that blocks, on threads that may: a bounded number of helpers for all shards of a program.
//!
//! A call lies in a block of its shard's arena, and waits in a queue that is linked through such blocks. All that several
//! threads touch is behind the lock of the queue: calls that block take longer than it does.

mod job;
mod pool;
mod unblock;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

pub(crate) use self::pool::Pool;
use self::pool::Shared;
pub use self::unblock::{UnblockError, UnblockStatistics, unblock, unblock_statistics};
use crate::sync::Semaphore;

/// Calls of one shard that wait or run. More wait for a place before they take memory.
const CALLS_MAX: usize = 256;

thread_local! {
    /// Empty on threads that are no shard.
    static HERE: RefCell<Option<Here>> = const { RefCell::new(None) };
}

/// What a shard knows of the pool.
#[derive(Clone)]
struct Here {
    shard: usize,
    pool: Arc<Shared>,
    places: Rc<Semaphore<CALLS_MAX>>,
}

/// While it lives, `unblock` works on its thread.
pub(crate) struct Blocking {
    shard: usize,
    pool: Arc<Shared>,
}

impl Blocking {
    pub(crate) fn enter(pool: &Pool, shard: usize) -> Blocking {
        let pool = pool.shared();
        let places = Rc::new(Semaphore::new().named("unblock"));
        HERE.set(Some(Here { shard, pool: pool.clone(), places }));
        Blocking { shard, pool }
    }

    /// How many calls of this shard still run, though nobody waits for them. Memory of others comes back.
    pub(crate) fn left(&self) -> usize {
        self.pool.collect(self.shard);
        self.pool.abandoned(self.shard)
    }
}

impl Drop for Blocking {
    fn drop(&mut self) {
        self.pool.collect(self.shard);
        HERE.set(None);
    }
}
