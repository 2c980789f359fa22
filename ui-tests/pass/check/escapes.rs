// Who means it says so.
#![deny(warnings)]

use std::cell::RefCell;
use std::sync::Mutex;

use seastar::blocking_ok;

async fn work() {}

#[seastar::main(shards = 1)]
#[allow(unused_must_use)]
async fn main() -> std::io::Result<()> {
    let text = blocking_ok!(std::fs::read_to_string("/proc/self/stat"))?;
    let file = blocking_ok!(std::fs::File::open("/proc/self/stat")?);
    seastar::blocking_ok!(std::thread::sleep(std::time::Duration::ZERO));
    let lock = blocking_ok!(Mutex::new(text));
    let cell = RefCell::new(1);
    let mine = blocking_ok!(cell.borrow_mut());
    let nobody_else = blocking_ok!(lock.lock().unwrap());
    seastar::yield_now().await;
    assert!(file.metadata()?.len() == 0 && *mine == 1 && !nobody_else.is_empty());
    // Allowed above.
    work();
    drop(work());
    Ok(())
}
