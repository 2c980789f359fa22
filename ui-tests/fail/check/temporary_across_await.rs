// A guard without a name lives to the end of its statement, and that of a `match` to the end of its arms.
use std::cell::RefCell;
use std::time::Duration;

#[seastar::main]
async fn main() {
    let list = RefCell::new(vec![Duration::ZERO]);
    match list.borrow_mut().pop() {
        Some(pause) => seastar::sleep(pause).await,
        None => {}
    }
    if let Some(pause) = list.borrow().last() {
        seastar::sleep(*pause).await;
    }
    for pause in list.borrow().iter() {
        seastar::sleep(*pause).await;
    }
    seastar::sleep(list.borrow()[0]).await;
}
