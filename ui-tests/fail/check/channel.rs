// The shard waits for another thread.
use std::sync::{Condvar, Mutex, mpsc};

static LOCK: Mutex<u8> = Mutex::new(0);
static CHANGED: Condvar = Condvar::new();

#[seastar::main]
async fn main() {
    let (sender, receiver) = mpsc::channel::<u8>();
    drop(sender);
    println!("{:?}", receiver.try_recv());
    let _value = receiver.recv();
    let number = LOCK.lock().unwrap();
    drop(CHANGED.wait(number));
}
