// Without a pool nothing runs before it is awaited; with one, the call may find no slot.
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
