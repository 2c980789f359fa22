// A closure takes what it captures along.
use std::cell::RefCell;
use std::rc::Rc;

struct Connections {
    open: Rc<RefCell<Vec<u8>>>,
}

#[seastar::main]
async fn main() {
    let count = Rc::new(1);
    seastar::submit_to(1, async move || *count).await;
    let connections = Connections { open: Rc::default() };
    seastar::submit_to(1, async move || connections.open.borrow_mut().clear()).await;
}
