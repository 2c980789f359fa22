// A message has one type, whose name can be written.
use std::fmt::Debug;

struct Cache;

#[seastar::sharded]
impl Cache {
    async fn start() -> Self {
        Cache
    }

    #[on(0)]
    async fn show(&self, item: impl Debug + Send + 'static) {
        println!("{item:?}");
    }

    #[on(0)]
    async fn get(&self) -> impl Debug {
        0
    }

    #[on(0)]
    async fn longest<'a>(&'a self, left: &'a str) -> &'a str {
        left
    }

    #[on(0)]
    async fn forever(&self) -> ! {
        loop {
            seastar::yield_now().await;
        }
    }

    #[on(0)]
    async fn sometimes(&self, #[cfg(unix)] key: u8) {
        let _ = key;
    }
}

fn main() {}
