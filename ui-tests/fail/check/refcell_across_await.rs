// Another fiber that borrows the same cell meanwhile panics.
use std::cell::{RefCell, RefMut};
use std::rc::Rc;

fn last(list: &RefCell<Vec<u8>>) -> RefMut<'_, u8> {
    RefMut::map(list.borrow_mut(), |list| &mut list[0])
}

#[seastar::main]
async fn main() {
    let list = Rc::new(RefCell::new(vec![1]));
    let mut borrowed = list.borrow_mut();
    seastar::yield_now().await;
    borrowed.push(2);
    drop(borrowed);
    let mapped = last(&list);
    if *mapped == 1 {
        seastar::yield_now().await;
    }
    drop(mapped);
    let shared = list.clone();
    let fiber = seastar::spawn(async move {
        let list = shared.borrow();
        for _ in list.iter() {
            seastar::yield_now().await;
        }
    });
    fiber.await.unwrap();
}
