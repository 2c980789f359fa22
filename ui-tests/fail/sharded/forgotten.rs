// A call is made when it is awaited.
struct Cache;

#[seastar::sharded]
impl Cache {
    async fn start() -> Self {
        Cache
    }

    #[broadcast]
    async fn flush(&self) {}
}

#[seastar::main]
async fn main() {
    let cache = Cache::start_sharded().await;
    cache.flush();
}
