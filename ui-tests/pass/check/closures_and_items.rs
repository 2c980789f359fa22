// Functions, types and closures in a body are their own.
#![deny(warnings)]

use std::cell::RefCell;
use std::sync::Mutex;
use std::time::Duration;

#[seastar::main(shards = 1)]
async fn main() {
    static NAMES: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    const PAUSE: Duration = Duration::from_millis(1);

    struct Server {
        clients: RefCell<Vec<u8>>,
    }

    impl Server {
        async fn serve(&self) -> usize {
            seastar::sleep(PAUSE).await;
            self.clients.borrow().len()
        }
    }

    #[allow(dead_code)]
    fn waits() {
        std::thread::sleep(PAUSE);
        let _file = std::fs::File::open("x");
        loop {
            std::hint::spin_loop();
        }
    }

    NAMES.lock().unwrap().push(1);
    let server = Server { clients: RefCell::new(vec![1]) };
    let count = |list: &RefCell<Vec<u8>>| {
        let list = list.borrow();
        list.len()
    };
    let mut total = 0;
    let mut add = |number| total += number;
    add(count(&server.clients));
    add(server.serve().await);
    let later = || std::thread::sleep(PAUSE);
    let futures = [1, 2].map(|n| async move {
        let doubled = n * 2;
        seastar::yield_now().await;
        doubled
    });
    for future in futures {
        add(future.await);
    }
    let _ = later;
    assert_eq!(total, 8);
}
