// A hasher is seeded when the program runs, so a `HashMap` is no constant; it goes into a `LazyCell`.
use std::cell::RefCell;
use std::collections::HashMap;

#[seastar::shard_local]
static NAMES: RefCell<HashMap<u64, String>> = RefCell::new(HashMap::new());

fn main() {
    NAMES.borrow_mut().clear();
}
