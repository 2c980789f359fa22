// What decides where a call runs is one of its arguments.
struct Cache;

#[seastar::sharded]
impl Cache {
    async fn start() -> Self {
        Cache
    }

    #[route(kye)]
    async fn get(&self, key: u8) -> u8 {
        key
    }

    #[route("key")]
    async fn take(&self, key: u8) -> u8 {
        key
    }

    #[route]
    async fn set(&self, id: u8) -> u8 {
        id
    }

    #[route = "id"]
    async fn unset(&self, id: u8) -> u8 {
        id
    }

    #[on(shrad)]
    async fn dump(&self, shard: usize) -> usize {
        shard
    }

    #[on]
    async fn load(&self) {}

    #[on(0, 1)]
    async fn save(&self) {}
}

async fn all(cache: CacheHandle) -> Result<(), seastar::NotRunning> {
    cache.get(1).await?;
    cache.take(1).await?;
    cache.set(1).await?;
    cache.unset(1).await?;
    cache.dump(1).await?;
    cache.load().await?;
    cache.save().await
}

fn main() {}
