// A borrow that ends before the function waits is none of our business.
#![deny(warnings)]

use std::cell::{Ref, RefCell, RefMut};

async fn work() -> u8 {
    seastar::yield_now().await;
    1
}

fn consume(_: RefMut<'_, Vec<u8>>) {}

#[seastar::main(shards = 1)]
async fn main() {
    let cell = RefCell::new(vec![1u8]);
    {
        let mut list = cell.borrow_mut();
        list.push(1);
    }
    work().await;
    let list = cell.borrow();
    let length = list.len();
    drop(list);
    work().await;
    let list = cell.borrow_mut();
    consume(list);
    work().await;
    let list = cell.borrow_mut();
    let mut first = RefMut::map(list, |list| &mut list[0]);
    *first = 2;
    std::mem::drop(first);
    work().await;
    // The right side is evaluated before the left one is borrowed.
    *cell.borrow_mut() = vec![work().await];
    cell.borrow_mut()[0] += work().await;
    let copied = cell.borrow()[0];
    let cloned = cell.borrow().clone();
    seastar::yield_now().await;
    if cell.borrow().len() == length {
        work().await;
    }
    while cell.borrow().len() < 5 {
        let one = work().await;
        cell.borrow_mut().push(one);
    }
    for item in cell.borrow().clone() {
        assert!(item > 0);
    }
    let popped = cell.borrow_mut().pop();
    match popped {
        Some(_) => drop(work().await),
        None => unreachable!(),
    }
    let last = {
        let list = cell.borrow();
        list.last().copied()
    };
    work().await;
    assert!(cell.borrow().len() > 1 && work().await == 1);
    println!("{copied} {cloned:?} {last:?} {}", cell.borrow().len());
    let list = cell.borrow();
    let pair = (list, 1);
    let shown = Ref::map(pair.0, |list| &list[0]);
    assert_eq!(*shown, 2);
    assert!(matches!(*shown, 2));
}
