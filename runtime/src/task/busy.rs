//! Why a fiber could not be started.

use std::fmt;

use super::pool::Pool;
use crate::mem;

/// There is no room for another fiber, or whatever else was asked for, on this shard: its pool is full, or the
/// shard's memory budget is used up.
///
/// A value and not a failure of the shard: shed the load, or wait until a fiber has ended.
///
/// ```
/// #[seastar::task(pool = 1)]
/// async fn lonely() {}
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let first = lonely().unwrap();
///     let busy = lonely().unwrap_err();
///     assert!(busy.to_string().starts_with("all slots of the pool of `"));
///     first.await.unwrap();
///     lonely().unwrap().await.unwrap();
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy {
    why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    NoShard,
    Budget { bytes: usize },
    Pool(&'static Pool),
}

impl Busy {
    /// Says that this thread has no memory: it has used up its budget, or is no shard.
    #[cold]
    pub(crate) fn here() -> Busy {
        Busy {
            why: match mem::statistics().budget {
                0 => Why::NoShard,
                bytes => Why::Budget { bytes },
            },
        }
    }

    #[cold]
    pub(super) fn pool(pool: &'static Pool) -> Busy {
        Busy { why: Why::Pool(pool) }
    }
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why {
            Why::NoShard => f.write_str("this thread is no shard; call it from within `#[seastar::main]`"),
            Why::Budget { bytes } => {
                write!(f, "the memory budget of this shard, {bytes} bytes, is used up (see --memory)")
            }
            Why::Pool(Pool { name, file, line, slots, .. }) => write!(
                f,
                "all slots of the pool of `{name}` are in use on this shard: {slots} (`pool` at {file}:{line})"
            ),
        }
    }
}

impl std::error::Error for Busy {}
