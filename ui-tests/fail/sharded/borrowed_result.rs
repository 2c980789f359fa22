// What a call returns outlives what it was called on.
struct Cache {
    name: String,
}

#[seastar::sharded]
impl Cache {
    async fn start() -> Self {
        Cache { name: String::new() }
    }

    #[on(0)]
    async fn name(&self) -> &str {
        &self.name
    }

    #[on(0)]
    async fn names(&self) -> Option<&[String]> {
        None
    }
}

fn main() {}
