// Mistakes in a body are found where they are.
struct Cache;

#[seastar::sharded]
impl Cache {
    async fn start() -> Self {
        7
    }

    #[route(key)]
    async fn get(&self, key: String) -> u8 {
        key
    }

    #[route(key)]
    async fn set(&self, key: Kye) -> u8 {
        0
    }
}

fn main() {}
