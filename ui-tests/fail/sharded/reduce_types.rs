// What makes one result of two takes and returns what the method returns.
struct Cache;

fn add(sum: u16, next: u16) -> u16 {
    sum + next
}

fn take(sum: u8) -> u8 {
    sum
}

#[seastar::sharded]
impl Cache {
    async fn start() -> Self {
        Cache
    }

    #[broadcast(reduce = add)]
    async fn wide(&self) -> u8 {
        1
    }

    #[broadcast(reduce = take)]
    async fn one(&self) -> u8 {
        1
    }

    #[broadcast(reduce = |sum, next| sum == next)]
    async fn same(&self) -> u8 {
        1
    }
}

fn main() {}
