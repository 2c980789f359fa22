// An argument that is there only sometimes, and a task that is one twice.
#[seastar::task]
async fn session(#[cfg(unix)] number: u32) {}

#[seastar::task]
#[seastar::task]
async fn twice() {}

fn main() {}
