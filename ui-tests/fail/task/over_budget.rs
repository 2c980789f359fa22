// The future is larger than it may become.
use seastar::{task, yield_now};

#[task(max_size = 512)]
async fn session(buffer: [u8; 1024]) -> u8 {
    yield_now().await;
    buffer[0]
}

#[task(pool = 4, max_size = 1_000)]
async fn pooled(buffer: [u8; 1024]) -> u8 {
    yield_now().await;
    buffer[0]
}

fn main() {}
