// The same checks look at tests, and are content with these.
#![deny(warnings)]
#![allow(dead_code, unused_imports)]

use std::cell::RefCell;

#[seastar::test(shards = 1)]
async fn counts() -> Result<(), std::num::ParseIntError> {
    let list = RefCell::new(vec![1]);
    list.borrow_mut().push("2".parse()?);
    seastar::yield_now().await;
    assert_eq!(*list.borrow(), [1, 2]);
    Ok(())
}

fn main() {}
