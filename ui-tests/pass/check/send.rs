// A future that can go to another thread still can.
#![deny(warnings)]

use std::rc::Rc;
use std::sync::Mutex;

static COUNT: Mutex<u8> = Mutex::new(0);

fn is_send<T: Send>(value: T) -> T {
    value
}

async fn work() {}

#[seastar::main(shards = 1)]
async fn main() {
    let future = is_send(async {
        {
            let local = Rc::new(1);
            let copied = *local;
            assert_eq!(copied, 1);
        }
        let number = *COUNT.lock().unwrap();
        work().await;
        let text = String::from("text");
        work().await;
        (number, text)
    });
    assert_eq!(future.await.0, 0);
    let answer = seastar::submit_to(0, async || {
        let local = Rc::new(1);
        work().await;
        *local
    });
    assert_eq!(answer.await, 1);
}
