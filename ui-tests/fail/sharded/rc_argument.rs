// What belongs to one shard cannot be given to another.
use std::rc::Rc;

struct Cache;

#[seastar::sharded]
impl Cache {
    async fn start(shared: Rc<u8>) -> Self {
        drop(shared);
        Cache
    }

    #[route(key)]
    async fn get(&self, key: u8, shared: Rc<u8>) -> u8 {
        key + *shared
    }

    #[broadcast]
    async fn set(&self, shared: Rc<u8>) {
        drop(shared);
    }
}

fn main() {}
