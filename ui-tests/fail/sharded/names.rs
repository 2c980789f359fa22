// A name stands for one thing.
struct Cache;

#[seastar::sharded]
impl Cache {
    async fn start() -> Self {
        Cache
    }

    fn start_sharded() {}

    #[on(0)]
    async fn get(&self) {}

    #[on(1)]
    async fn get(&self) {}
}

fn main() {}
