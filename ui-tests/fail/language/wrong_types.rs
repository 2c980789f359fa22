// A mistake in the body is told once, and where it is.
use std::cell::RefCell;

#[seastar::main]
async fn main() -> Result<(), String> {
    let list = RefCell::new(Vec::<u8>::new());
    let count: u8 = list.borrow().len();
    seastar::spawn(async {
        let text: &str = 5;
        text.len()
    });
    seastar::yield_now().await;
    list.push(count);
    undeclared(list);
    Ok(1)
}
