mod inner {
    pub use seastar as runtime;
}

#[seastar::task(crate = crate::inner::runtime, pool = 2)]
async fn pooled() {}

#[seastar::task(crate = crate::inner::runtime, max_size = 100)]
async fn plain() {}

#[seastar::main(shards = 1)]
async fn main() {
    pooled().unwrap().await.unwrap();
    plain().await;
}
