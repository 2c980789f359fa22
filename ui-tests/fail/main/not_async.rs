// There is no future to run.
#[seastar::main]
fn main() {
    println!("{}", answer().await);
}

async fn answer() -> u8 {
    42
}
