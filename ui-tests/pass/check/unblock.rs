// What is unblocked may block.
#![deny(warnings)]

use std::sync::Mutex;
use std::time::Duration;

use seastar::unblock;

#[seastar::main(shards = 1)]
async fn main() -> std::io::Result<()> {
    let text = unblock(|| std::fs::read_to_string("/proc/self/stat")).await??;
    let length = unblock(move || {
        std::thread::sleep(Duration::ZERO);
        let file = std::fs::File::open("/proc/self/stat")?;
        let lock = Mutex::new(file);
        let file = lock.lock().unwrap();
        file.metadata().map(|about| about.len())
    })
    .await??;
    assert!(!text.is_empty() && length == 0);
    Ok(())
}
