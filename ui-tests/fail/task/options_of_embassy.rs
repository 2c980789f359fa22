// Other runtimes have other names.
#[seastar::task(pool_size = 4)]
async fn session() {}

#[seastar::main]
async fn main() {
    session().unwrap().await.unwrap();
}
