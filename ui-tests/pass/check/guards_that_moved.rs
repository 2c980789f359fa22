// Where a guard goes when it is moved into a closure or a block is not known, and nothing is said.
#![deny(warnings)]

use std::cell::{Cell, RefCell};

#[seastar::main(shards = 1)]
async fn main() {
    let cell = RefCell::new(1);
    let guard = cell.borrow_mut();
    let add = move || drop(guard);
    add();
    seastar::yield_now().await;
    let guard = cell.borrow_mut();
    let after = async move { *guard };
    assert_eq!(after.await, 1);
    let guard = cell.borrow();
    let kept = Some(guard);
    assert!(kept.is_some());
    drop(kept);
    seastar::yield_now().await;
    // No guard at all.
    let free = Cell::new(1);
    let seen = free.get();
    seastar::yield_now().await;
    free.set(seen + 1);
}
