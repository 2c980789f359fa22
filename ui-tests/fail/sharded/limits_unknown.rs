// Limits come with a trait.
use std::time::Duration;

use seastar::CallError;

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

async fn use_it(cache: CacheHandle) -> Result<u64, CallError> {
    cache.get(1).within(Duration::from_millis(5)).await
}

fn main() {}
