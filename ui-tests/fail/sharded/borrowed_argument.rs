// Another shard cannot borrow from this one.
use std::cell::Ref;

struct Cache;

#[seastar::sharded]
impl Cache {
    async fn start(name: &str) -> Self {
        let _ = name;
        Cache
    }

    #[route(key)]
    async fn get(&self, key: &str, bytes: &mut [u8]) -> bool {
        key.len() < bytes.len()
    }

    #[on(0)]
    async fn add(&self, all: Vec<Ref<'_, u8>>) {
        drop(all);
    }

    // Here is no other shard.
    fn local(&self, key: &str) -> usize {
        key.len()
    }
}

async fn get(cache: CacheHandle) -> bool {
    cache.get("key", &mut []).await.is_ok()
}

fn main() {}
