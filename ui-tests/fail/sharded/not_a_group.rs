// Calls are bounded by a group, which is a static.
static LIMIT: u8 = 3;

struct Limited;

#[seastar::sharded(group = LIMIT)]
impl Limited {
    async fn start() -> Self {
        Limited
    }

    #[on(0)]
    fn call(&self) {}
}

fn main() {}
