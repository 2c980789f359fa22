// Of many values there is none to return.
#[seastar::main]
async fn main() {
    seastar::invoke_on_all(async || seastar::this_shard()).await;
}
