// A thread that sleeps runs no fiber.
use std::{thread, time::Duration};

#[seastar::main]
async fn main() {
    std::thread::sleep(Duration::from_millis(1));
    thread::sleep(Duration::from_millis(1));
    seastar::spawn(async {
        use std::thread::sleep as doze;
        doze(Duration::from_millis(1));
        println!("{:?}", std::thread::park());
    })
    .await
    .unwrap();
}
