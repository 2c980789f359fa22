// What is right in a body is right in the body of one of our macros.
#![deny(warnings)]

use std::cell::RefCell;

// As `seastar::do_with` is called; that one has tests of its own.
macro_rules! do_with {
    ($name:ident = $value:expr => $body:expr) => {{
        let $name = $value;
        $body
    }};
}

#[seastar::main(shards = 1)]
async fn main() -> Result<(), String> {
    let cell = RefCell::new(1);
    let sum = do_with!(start = 1 => {
        let guard = cell.borrow();
        let read = *guard + start;
        drop(guard);
        seastar::yield_now().await;
        read + *cell.borrow()
    });
    assert_eq!(sum, 3);
    let text = do_with!(end = 3 => loop {
        let left = *cell.borrow();
        if left == end {
            break String::from("end");
        }
        seastar::yield_now().await;
        *cell.borrow_mut() = left + 1;
    });
    do_with!(name = text => {
        let known = name.len();
        seastar::yield_now().await;
        if known == 3 {
            return Ok(());
        }
        Err(name)?
    });
    unreachable!()
}
