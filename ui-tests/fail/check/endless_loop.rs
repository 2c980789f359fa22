// A loop that never gives way is the last thing that the shard does.
use std::cell::Cell;

#[seastar::main]
async fn main() {
    let ready = Cell::new(false);
    if ready.get() {
        loop {
            ready.set(!ready.get());
        }
    }
    if !ready.get() {
        while true {
            for _ in 0..10 {
                if ready.get() {
                    break;
                }
            }
        }
    }
    seastar::spawn(async { loop {} }).await.unwrap()
}
