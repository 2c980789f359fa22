// A key has a hash, and a shard is a number.
struct Key;

struct Cache;

#[seastar::sharded]
impl Cache {
    async fn start() -> Self {
        Cache
    }

    #[route(key)]
    async fn get(&self, key: Key) {
        drop(key);
    }

    #[on(shard)]
    async fn dump(&self, shard: u32) -> u32 {
        shard
    }

    #[route(by = key)]
    async fn set(&self, key: Key) {
        drop(key);
    }
}

fn main() {}
