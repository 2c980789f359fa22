// A task runs on a shard, too.
use std::cell::{RefCell, RefMut};

#[seastar::task]
async fn append(mut list: RefMut<'_, Vec<u8>>, log: std::fs::File) {
    std::thread::sleep(std::time::Duration::ZERO);
    seastar::yield_now().await;
    list.push(log.metadata().map_or(0, |data| data.len() as u8));
}

fn main() {
    let _ = RefCell::new(append);
}
