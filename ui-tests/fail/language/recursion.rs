// A future that contains itself would have no size.
#[seastar::main]
async fn main() {
    async fn count(down: u32) {
        if down > 0 {
            count(down - 1).await;
        }
    }
    count(3).await;
}
