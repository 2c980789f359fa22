//! A list that stays on the shard that made it, while a pointer to it goes around.

use std::cell::RefCell;
use std::rc::Rc;

use seastar::{ForeignPtr, shard_count, submit_to, this_shard};

// ANCHOR: main
type List = Rc<RefCell<Vec<String>>>;

#[seastar::main]
async fn main() {
    let home = shard_count() - 1;
    let list = submit_to(home, async || {
        let list = List::default();
        list.borrow_mut().push(format!("made on shard {}", this_shard()));
        ForeignPtr::new(list)
    })
    .await;

    // What is to be done to the list is sent to it.
    let from = this_shard();
    let length = list.invoke(async move |list: &List| {
        list.borrow_mut().push(format!("added on shard {}, for shard {from}", this_shard()));
        list.borrow().len()
    });
    println!("shard {from} has a pointer to a list of {} on shard {}", length.await, list.shard());

    // At home it is an ordinary reference, and so it is if there is one shard only.
    submit_to(home, async move || {
        let lines = list.get().expect("the pointer is at home").borrow().join("; ");
        println!("shard {} has the list itself: {lines}", this_shard());
    })
    .await;
}
// ANCHOR_END: main
