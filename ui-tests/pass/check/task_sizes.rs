// Questions take no room in a task either, where they are asked about every variable.
#![deny(warnings)]

use std::cell::RefCell;

async fn leaf(bytes: [u8; 1024]) -> u8 {
    seastar::yield_now().await;
    bytes[0]
}

fn socket() -> [u8; 512] {
    [1; 512]
}

fn plain(cell: &RefCell<Vec<u8>>) -> impl Future<Output = u8> {
    async move {
        let bytes = [1u8; 1024];
        let future = leaf(bytes);
        let other = socket();
        let number = future.await;
        let list = cell.borrow();
        let length = list.len();
        drop(list);
        let _ = leaf([0; 1024]).await;
        number + other[0] + length as u8
    }
}

fn checked(cell: &RefCell<Vec<u8>>) -> impl Future<Output = u8> {
    #[seastar::task]
    async fn body(cell: &RefCell<Vec<u8>>) -> u8 {
        let bytes = [1u8; 1024];
        let future = leaf(bytes);
        let other = socket();
        let number = future.await;
        let list = cell.borrow();
        let length = list.len();
        drop(list);
        let _ = leaf([0; 1024]).await;
        number + other[0] + length as u8
    }
    body(cell)
}

#[seastar::main(shards = 1)]
async fn main() {
    let cell = RefCell::new(vec![1]);
    let (plain, checked) = (plain(&cell), checked(&cell));
    // A task knows whether it has begun.
    let begun = size_of_val(&checked) - size_of_val(&plain);
    assert!(begun <= 16, "{begun}");
    assert_eq!((plain.await, checked.await), (3, 3));
}
