// A service is declared by the block with its methods.
#[seastar::sharded]
struct Cache;

#[seastar::sharded]
fn start() {}

#[seastar::sharded]
trait Store {
    async fn get(&self, key: u8) -> u8;
}

#[seastar::sharded]
impl Store for Cache {
    #[route(key)]
    async fn get(&self, key: u8) -> u8 {
        key
    }
}

struct Borrows<'a>(&'a str);

#[seastar::sharded]
impl<'a> Borrows<'a> {
    async fn start() -> Self {
        Borrows("")
    }
}

fn main() {}
