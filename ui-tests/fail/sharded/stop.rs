// Stopping is the same for all services, and calls may be in progress meanwhile.
struct Cache;

#[seastar::sharded]
impl Cache {
    async fn start() -> Self {
        Cache
    }

    #[broadcast]
    fn stop(self, now: bool) {
        let _ = now;
    }
}

struct Store;

#[seastar::sharded]
impl Store {
    async fn start() -> Self {
        Store
    }

    async fn stop(&mut self) {}
}

fn main() {}
