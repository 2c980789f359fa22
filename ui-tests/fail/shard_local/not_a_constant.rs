// Each shard begins with a copy of the value, so it has to be known to the compiler.
use std::cell::RefCell;

fn load() -> Vec<u8> {
    vec![1, 2, 3]
}

#[seastar::shard_local]
static TABLE: RefCell<Vec<u8>> = RefCell::new(load());

fn main() {
    TABLE.borrow_mut().clear();
}
