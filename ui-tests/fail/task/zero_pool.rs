// Nothing could ever be started.
#[seastar::task(pool = 0)]
async fn session() {}

#[seastar::main]
async fn main() {
    session().unwrap().await.unwrap();
}
