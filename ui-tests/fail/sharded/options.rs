// Misspelt options and attributes are not ignored.
struct Cache;

#[seastar::sharded(handel = Client, max_message = "4K", max_message = 0, route)]
impl Cache {
    async fn start() -> Self {
        Cache
    }

    #[rout(key)]
    async fn get(&self, key: u8) -> u8 {
        key
    }

    #[broadcasts]
    async fn flush(&self) {}

    #[all]
    async fn clear(&self) {}

    #[route(key = id)]
    async fn set(&self, id: u8) -> u8 {
        id
    }
}

static LIMIT: u8 = 3;

struct Limited;

#[seastar::sharded(group = 3, limit = LIMIT)]
impl Limited {
    async fn start() -> Self {
        Limited
    }
}

fn main() {}
