// The result is missed where it should be.
#[seastar::main]
async fn main() -> Result<(), String> {
    let number = 1;
    seastar::yield_now().await;
    println!("{number}");
}
