//! Statics of all kinds, in a crate that forbids what the expansion does.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, clippy::all)]

use std::cell::{Cell, RefCell};

use seastar::shard_local;

const INITIAL: u32 = 7;

/// Documented.
#[shard_local]
pub static COUNT: Cell<u32> = Cell::new(INITIAL);

#[shard_local(crate = ::seastar)]
static LINES: RefCell<Vec<&str>> = RefCell::new(Vec::new());

mod inner {
    use super::*;

    #[shard_local]
    pub(super) static COUNT: Cell<u32> = const {
        let double = INITIAL * 2;
        Cell::new(double)
    };
}

fn next() -> u32 {
    #[shard_local]
    static LAST: Cell<u32> = Cell::new(0);
    LAST.set(LAST.get() + 1);
    LAST.get()
}

#[seastar::main(shards = 1)]
async fn main() {
    LINES.borrow_mut().push("one");
    assert_eq!((COUNT.get(), inner::COUNT.get(), LINES.borrow().len()), (7, 14, 1));
    assert_eq!((next(), next()), (1, 2));
}
