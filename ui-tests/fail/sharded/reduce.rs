// The results of two shards are made into one, and so on.
struct Cache;

fn add(sum: u8, next: u8) -> u8 {
    sum + next
}

#[seastar::sharded]
impl Cache {
    async fn start() -> Self {
        Cache
    }

    #[broadcast(reduce = |sum| sum)]
    async fn one(&self) -> u8 {
        1
    }

    #[broadcast(reduce = 0)]
    async fn zero(&self) -> u8 {
        1
    }

    #[broadcast(fold = add)]
    async fn fold(&self) -> u8 {
        1
    }

    #[broadcast(add)]
    async fn bare(&self) -> u8 {
        1
    }

    #[broadcast(reduce = add, reduce = add)]
    async fn twice(&self) -> u8 {
        1
    }

    #[broadcast(reduce = add)]
    async fn nothing(&self) {}
}

fn main() {}
