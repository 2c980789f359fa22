#[seastar::task]
async fn session(#[cfg(unix)] number: u32) {}

#[seastar::task]
#[seastar::task]
async fn twice() {}

fn main() {}
