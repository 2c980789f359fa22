// Somebody has to make the instances.
struct Cache;

#[seastar::sharded]
impl Cache {
    #[broadcast]
    async fn flush(&self) {}
}

async fn flush(cache: CacheHandle) {
    let _ = cache.flush().await;
}

fn main() {}
