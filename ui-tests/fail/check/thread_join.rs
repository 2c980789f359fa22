// The shard waits for a thread to end.
use std::thread;

#[seastar::main]
async fn main() {
    let _one = thread::spawn(|| 1).join().unwrap();
    let name = "named".to_owned();
    drop(thread::Builder::new().name(name).spawn(|| ()).unwrap().join());
    let _two = seastar::blocking_ok!(thread::spawn(|| 2).join()).unwrap();
}
