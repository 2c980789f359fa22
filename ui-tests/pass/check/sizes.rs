// Questions take no room in a future, whatever is asked.
#![deny(warnings)]

use std::cell::RefCell;
use std::sync::mpsc::Receiver;

async fn leaf(bytes: [u8; 1024]) -> u8 {
    seastar::yield_now().await;
    bytes[0]
}

struct Socket([u8; 512]);

impl Socket {
    fn accept(&self) -> [u8; 512] {
        self.0
    }
}

/// The same body twice: as a function that nobody looks into, and as a block of a body that is checked.
macro_rules! same {
    ($name:ident($($argument:ident: $ty:ty),*) $body:block) => {
        fn $name($($argument: $ty),*) -> impl Future<Output = u8> {
            async move $body
        }
    };
}

same!(moves() {
    let bytes = [1u8; 1024];
    let future = leaf(bytes);
    let number = future.await;
    number
});

same!(keeps(cell: &RefCell<Vec<u8>>) {
    let bytes = [1u8; 1024];
    let first = cell.borrow()[0];
    let list = cell.borrow();
    let length = list.len();
    drop(list);
    seastar::yield_now().await;
    let _ = leaf(bytes).await;
    first + length as u8
});

same!(calls(socket: &Socket, receiver: &Receiver<[u8; 256]>) {
    let _ = socket.accept();
    let bytes = socket.accept();
    seastar::yield_now().await;
    let other = receiver.try_recv();
    seastar::yield_now().await;
    bytes[0] + other.map_or(0, |bytes| bytes[0])
});

#[seastar::main(shards = 1)]
async fn main() {
    let cell = &RefCell::new(vec![1]);
    let (_sender, receiver) = std::sync::mpsc::channel::<[u8; 256]>();
    let (receiver, socket) = (&receiver, &Socket([0; 512]));
    let checked = async move {
        let bytes = [1u8; 1024];
        let future = leaf(bytes);
        let number = future.await;
        number
    };
    assert_eq!(size_of_val(&checked), size_of_val(&moves()));
    let checked = async move {
        let bytes = [1u8; 1024];
        let first = cell.borrow()[0];
        let list = cell.borrow();
        let length = list.len();
        drop(list);
        seastar::yield_now().await;
        let _ = leaf(bytes).await;
        first + length as u8
    };
    let by_hand = keeps(cell);
    assert_eq!(size_of_val(&checked), size_of_val(&by_hand));
    let checked = async move {
        let _ = socket.accept();
        let bytes = socket.accept();
        seastar::yield_now().await;
        let other = receiver.try_recv();
        seastar::yield_now().await;
        bytes[0] + other.map_or(0, |bytes| bytes[0])
    };
    assert_eq!(size_of_val(&checked), size_of_val(&calls(socket, receiver)));
}
