// All calls share the instance of their shard.
use std::rc::Rc;

struct Cache;

#[seastar::sharded]
impl Cache {
    async fn start() -> Self {
        Cache
    }

    #[on(0)]
    async fn by_value(self) {}

    #[on(0)]
    async fn by_mut(&mut self) {}

    #[on(0)]
    async fn by_rc(self: Rc<Self>) {}

    #[on(0)]
    async fn without() {}

    #[on(0)]
    async unsafe fn unsound(&self) {}
}

fn main() {}
