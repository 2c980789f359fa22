// A call runs in one place.
struct Cache;

#[seastar::sharded]
impl Cache {
    async fn start() -> Self {
        Cache
    }

    #[route(key)]
    #[broadcast]
    async fn get(&self, key: u8) -> u8 {
        key
    }

    #[on(0)]
    #[on(1)]
    async fn dump(&self) {}

    #[route(key, by = 3)]
    async fn set(&self, key: u8) -> u8 {
        key
    }
}

fn main() {}
