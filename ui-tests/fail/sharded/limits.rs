// Limits come before a call, and their errors with its result.
use std::time::Duration;

use seastar::{Call, NotRunning};

struct Cache;

#[seastar::sharded]
impl Cache {
    async fn start() -> Self {
        Cache
    }

    #[route(key)]
    async fn get(&self, key: u64) -> u64 {
        key
    }
}

async fn use_it(cache: CacheHandle) -> Result<(), NotRunning> {
    let limit = Duration::from_millis(5);
    cache.get(1).within(5).await;
    cache.get(1).await.within(limit);
    cache.get(1).within(limit).await?;
    Ok(())
}

fn main() {}
