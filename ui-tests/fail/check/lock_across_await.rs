// Another fiber that locks it meanwhile stops the shard for ever.
use std::sync::{Mutex, RwLock};

static NAMES: Mutex<Vec<String>> = Mutex::new(Vec::new());
static LIMIT: RwLock<usize> = RwLock::new(0);

#[seastar::main]
async fn main() {
    let names = NAMES.lock().unwrap();
    let limit = *LIMIT.read().unwrap();
    seastar::yield_now().await;
    println!("{names:?} {limit}");
    while *LIMIT.write().unwrap() + seastar::submit_to(0, async || 1).await == 0 {}
}
