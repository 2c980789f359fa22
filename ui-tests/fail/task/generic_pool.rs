// The slots of a pool have one size, so its function has one type.
#[seastar::task(pool = 4)]
async fn session<T: Clone + 'static>(value: T) -> usize {
    drop(value);
    0
}

#[seastar::task(pool = 4)]
async fn other(value: impl Clone) -> impl Clone {
    value
}

fn main() {}
