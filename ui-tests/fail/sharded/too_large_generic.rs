// What has a size only where it is called is checked there.
struct Cache;

#[seastar::sharded]
impl Cache {
    async fn start() -> Self {
        Cache
    }

    #[on(0)]
    async fn add<T: Send + 'static>(&self, item: T) {
        drop(item);
    }
}

#[seastar::main]
async fn main() -> Result<(), seastar::NotRunning> {
    let cache = Cache::start_sharded().await;
    cache.add([0_u8; 4096]).await?;
    cache.add([0_u8; 5000]).await
}
