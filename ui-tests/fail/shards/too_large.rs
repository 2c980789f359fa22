// A call lies in one block of the shard's memory.
#[seastar::main]
async fn main() {
    let page = [0u8; 2 << 20];
    let sum = seastar::submit_to(1, async move || page.iter().map(|byte| u64::from(*byte)).sum::<u64>()).await;
    println!("{sum}");
}
