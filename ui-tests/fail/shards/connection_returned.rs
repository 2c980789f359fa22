// A connection belongs to the ring of its shard.
#[seastar::main]
async fn main() {
    let stream = seastar::submit_to(1, async || seastar::net::connect("127.0.0.1:1").await.ok()).await;
    drop(stream);
}
