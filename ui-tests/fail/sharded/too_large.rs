// What is moved to another shard is small enough to be moved.
#[derive(Clone)]
struct Page([u8; 4096]);

struct Cache;

#[seastar::sharded]
impl Cache {
    async fn start() -> Self {
        Cache
    }

    #[route(key)]
    async fn set(&self, key: u64, page: Page) -> u8 {
        page.0[key as usize]
    }

    #[route(key)]
    async fn set_two(&self, key: u64, first: [u8; 3000], second: [u8; 2000]) -> u8 {
        first[key as usize] + second[0]
    }
}

struct Small;

#[seastar::sharded(max_message = 1024)]
impl Small {
    async fn start() -> Self {
        Small
    }

    #[route(key)]
    async fn get(&self, key: u64) -> Option<Page> {
        let _ = key;
        None
    }
}

fn main() {}
