// There is no future to run.
#[seastar::task(pool = 4)]
fn session(number: u32) -> u32 {
    number
}

#[seastar::main]
async fn main() {
    session(1).unwrap().await.unwrap();
}
