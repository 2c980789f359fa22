// A type parameter stands for whatever may leave its shard.
struct Cache;

#[seastar::sharded]
impl Cache {
    async fn start() -> Self {
        Cache
    }

    #[on(0)]
    async fn add<T>(&self, item: T) {
        drop(item);
    }
}

fn main() {}
