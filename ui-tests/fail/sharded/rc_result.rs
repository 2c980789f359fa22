// What belongs to one shard cannot be returned to another.
use std::rc::Rc;

struct Cache;

#[seastar::sharded]
impl Cache {
    async fn start() -> Self {
        Cache
    }

    #[route(key)]
    async fn get(&self, key: u8) -> Rc<u8> {
        Rc::new(key)
    }

    #[route(key)]
    fn get_now(&self, key: u8) -> Option<Rc<u8>> {
        Some(Rc::new(key))
    }

    #[broadcast(reduce = |first, _| first)]
    fn all(&self) -> Rc<u8> {
        Rc::new(1)
    }
}

fn main() {}
