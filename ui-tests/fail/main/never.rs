// A program that runs for ever is stopped from outside, and then `main` is dropped.
#[seastar::main]
async fn main() -> ! {
    loop {
        tick().await;
    }
}

async fn tick() {}
