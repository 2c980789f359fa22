//! What a call fails with where there is nobody to be called.

use std::{error, fmt, io};

use super::Service;
use crate::smp;

/// There is no instance of the service on that shard: it has not started yet, has stopped, or was never there (SH-8).
///
/// ```
/// # use seastar::{Service, Sharded};
/// struct Cache;
///
/// impl Service for Cache {
///     type Stopped = ();
/// }
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let cache = Sharded::start(async |_| Cache).await;
///     let error = cache.invoke_on(7, async |_: &Cache| ()).await.unwrap_err();
///     assert!(error.to_string().ends_with("Cache: shard 7 does not exist; this program has 1, from 0"));
///     cache.stop().await;
///     let error = cache.invoke_on(0, async |_: &Cache| ()).await.unwrap_err();
///     assert_eq!(error.to_string(), format!("sharded instance does not exist: {} (on shard 0)", error.service()));
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotRunning {
    service: &'static str,
    shard: u32,
    /// How many shards there are, if that shard is not one of them; otherwise zero.
    shards: u32,
}

impl NotRunning {
    /// Not on this shard.
    #[cold]
    pub(super) fn here<S: Service>() -> NotRunning {
        let shard = smp::current_shard().unwrap_or(0);
        NotRunning { service: std::any::type_name::<S>(), shard, shards: 0 }
    }

    /// On a shard that the program does not have.
    #[cold]
    pub(super) fn beyond<S: Service>(shard: usize) -> NotRunning {
        let shard = u32::try_from(shard).unwrap_or(u32::MAX);
        NotRunning { service: std::any::type_name::<S>(), shard, shards: smp::shard_count() as u32 }
    }

    /// The type of the service.
    pub fn service(&self) -> &'static str {
        self.service
    }

    /// The shard that was called.
    pub fn shard(&self) -> usize {
        self.shard as usize
    }
}

impl fmt::Display for NotRunning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NotRunning { service, shard, shards } = self;
        write!(f, "sharded instance does not exist: {service}")?;
        match shards {
            0 => write!(f, " (on shard {shard})"),
            count => write!(f, ": shard {shard} does not exist; this program has {count}, from 0"),
        }
    }
}

impl error::Error for NotRunning {}

impl From<NotRunning> for io::Error {
    fn from(error: NotRunning) -> io::Error {
        io::Error::new(io::ErrorKind::NotConnected, error)
    }
}
