//! A service: an instance on every shard, which runs and is stopped.

use seastar::{NotRunning, this_shard};

// ANCHOR: service
/// Does something on every shard.
struct MyService {
    text: String,
}

#[seastar::sharded]
impl MyService {
    async fn start(text: String) -> Self {
        MyService { text }
    }

    #[broadcast]
    async fn run(&self) {
        println!("running on {}, text = {}", this_shard(), self.text);
    }

    async fn stop(&self) {
        println!("stopped on {}", this_shard());
    }
}
// ANCHOR_END: service

// ANCHOR: main
#[seastar::main]
async fn main() -> Result<(), NotRunning> {
    let service = MyService::start_sharded("hello".into()).await;
    service.run().await?;
    service.invoke_on(0, async |my: &MyService| println!("on {}: {}", this_shard(), my.text)).await?;
    service.stop().await;
    Ok(())
}
// ANCHOR_END: main
