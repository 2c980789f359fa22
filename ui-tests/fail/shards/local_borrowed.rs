// The other shard may still run when the local is gone.
#[seastar::main]
async fn main() {
    let names = vec![String::from("a")];
    let count = seastar::submit_to(1, async || names.len()).await;
    println!("{count} {names:?}");
}
