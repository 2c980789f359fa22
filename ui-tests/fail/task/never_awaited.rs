#![deny(unused_must_use)]

#[seastar::task]
async fn session() {}

#[seastar::task(pool = 4)]
async fn pooled() {}

#[seastar::main]
async fn main() {
    session();
    pooled();
}
