// A future does nothing until it is awaited.
async fn work() -> u8 {
    1
}

#[seastar::main]
async fn main() {
    let _ = work();
    let _ = async { println!("never printed") };
    seastar::spawn(async {
        let _ = seastar::submit_to(0, async || 1);
    })
    .await
    .unwrap();
}
