// The body of one of our macros is looked at like any other.
use std::cell::RefCell;

// As `seastar::do_with` is called; that one has tests of its own.
macro_rules! do_with {
    ($name:ident = $value:expr => $body:expr) => {{
        let $name = $value;
        $body
    }};
}

#[seastar::main]
async fn main() {
    let cell = RefCell::new(1);
    let sum = do_with!(start = 1 => {
        let guard = cell.borrow();
        let other = std::fs::read("x").map_or(0, |bytes| bytes.len());
        seastar::yield_now().await;
        *guard + start + other
    });
    println!("{sum}");
}
