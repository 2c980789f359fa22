// Every shard gets a copy.
struct Config;

struct Cache;

#[seastar::sharded]
impl Cache {
    async fn start(config: Config) -> Self {
        drop(config);
        Cache
    }

    #[broadcast]
    async fn set(&self, config: Config) {
        drop(config);
    }
}

fn main() {}
