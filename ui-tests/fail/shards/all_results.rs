// Of many results only a failure can be passed on.
use std::rc::Rc;

#[seastar::main]
async fn main() {
    let _ = seastar::invoke_on_all(async || Err::<(), _>(Rc::new("no"))).await;
}
