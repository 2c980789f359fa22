// What another thread does is its own affair.
#![deny(warnings)]

use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

#[seastar::main(shards = 1)]
async fn main() -> std::io::Result<()> {
    let list = Arc::new(Mutex::new(Vec::new()));
    let (sender, receiver) = mpsc::channel::<u8>();
    let shared = list.clone();
    let worker = thread::spawn(move || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        std::thread::sleep(Duration::from_millis(1));
        thread::sleep(Duration::from_millis(1));
        let _ = std::fs::read_to_string("/proc/self/stat").unwrap();
        shared.lock().unwrap().push(receiver.recv().unwrap());
        client.is_ok()
    });
    let named = thread::Builder::new().spawn(|| {
        let _file = std::fs::File::open("/proc/self/stat");
        loop {
            std::thread::park_timeout(Duration::from_millis(1));
            if std::fs::exists("/proc").is_ok() {
                return;
            }
        }
    })?;
    sender.send(7).unwrap();
    while !worker.is_finished() || !named.is_finished() {
        seastar::sleep(Duration::from_millis(1)).await;
    }
    assert!(worker.join().unwrap());
    named.join().unwrap();
    // Short, and not across an await.
    let numbers = list.lock().unwrap().clone();
    seastar::yield_now().await;
    assert_eq!(numbers, [7]);
    let mut numbers = list.lock().unwrap();
    numbers.push(8);
    drop(numbers);
    seastar::yield_now().await;
    Ok(())
}
