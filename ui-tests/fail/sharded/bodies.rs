// The methods of a service run on a shard.
use std::{cell::RefCell, fs, thread, time::Duration};

struct Cache {
    items: RefCell<Vec<u8>>,
}

#[seastar::sharded]
impl Cache {
    async fn start() -> Self {
        let items = fs::read("items").unwrap_or_default();
        Cache { items: RefCell::new(items) }
    }

    #[route(key)]
    async fn get(&self, key: usize) -> u8 {
        let items = self.items.borrow();
        seastar::yield_now().await;
        items[key]
    }

    #[broadcast]
    fn wait(&self) {
        thread::sleep(Duration::from_millis(1));
    }

    async fn stop(&self) {
        loop {}
    }
}

fn main() {}
