// The results of all shards cannot be returned one by one.
struct Cache;

#[seastar::sharded]
impl Cache {
    async fn start() -> Self {
        Cache
    }

    #[broadcast]
    async fn len(&self) -> usize {
        0
    }
}

fn main() {}
