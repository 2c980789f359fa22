// What makes an instance runs on every shard, with what it is given, and returns that instance.
struct Nothing;

#[seastar::sharded]
impl Nothing {
    async fn start() {}
}

struct Other;

#[seastar::sharded]
impl Other {
    async fn start() -> Option<Self> {
        None
    }
}

struct Cache;

#[seastar::sharded]
impl Cache {
    #[broadcast]
    fn start(&self, name: &str, size: impl Into<usize>) -> Self {
        let _ = (name, size);
        Cache
    }
}

fn main() {}
