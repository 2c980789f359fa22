//! The sizes of futures of `#[seastar::task]` functions: an argument lives once.

use seastar::{task, yield_now};

/// Not `Copy`: where a value is copied, the original stays as well.
struct Block([u8; 1024]);

impl Block {
    fn new() -> Block {
        Block([0; 1024])
    }
}

/// Bytes that a function may take besides its argument: states, the future that it waits for.
const OWN: usize = 8;

// ANCHOR: five
#[task]
async fn five(block: Block) -> u8 {
    yield_now().await;
    block.0[0]
}

#[task]
async fn four(block: Block) -> u8 {
    yield_now().await;
    five(block).await
}

#[task]
async fn three(block: Block) -> u8 {
    yield_now().await;
    four(block).await
}

#[task]
async fn two(block: Block) -> u8 {
    yield_now().await;
    let answer = three(block).await;
    yield_now().await;
    answer
}

#[task]
async fn one(block: Block) -> u8 {
    yield_now().await;
    two(block).await
}
// ANCHOR_END: five

/// The same, as the language does it.
mod written {
    use super::*;

    pub async fn five(block: Block) -> u8 {
        yield_now().await;
        block.0[0]
    }

    pub async fn four(block: Block) -> u8 {
        yield_now().await;
        five(block).await
    }
}

// ANCHOR: once
#[test]
fn an_argument_lives_once() {
    let size = size_of_val(&five(Block::new()));
    println!("one function: {size} bytes");
    assert!(size <= 1024 + OWN, "{size}");
}
// ANCHOR_END: once

// ANCHOR: nested
#[test]
fn five_nested_functions_hold_one_copy() {
    let size = size_of_val(&one(Block::new()));
    println!("five functions: {size} bytes");
    assert!(size <= 1024 + 5 * OWN, "{size}");
}
// ANCHOR_END: nested

// ANCHOR: language
#[test]
fn the_language_holds_two_for_each() {
    // If this fails, the compiler has become better, and `#[task]` may be simpler.
    assert!(size_of_val(&written::five(Block::new())) >= 2 * 1024);
    assert!(size_of_val(&written::four(Block::new())) >= 3 * 1024);
}
// ANCHOR_END: language

#[task]
async fn small(number: u64) -> u64 {
    yield_now().await;
    number
}

#[task]
async fn takes_parts((left, _): (Block, u8)) -> u8 {
    left.0[0]
}

struct Holder(Block);

impl Holder {
    #[task]
    async fn by_reference(&self, block: Block) -> u8 {
        yield_now().await;
        self.0.0[0] + block.0[0]
    }

    #[task]
    async fn by_value(self) -> u8 {
        yield_now().await;
        self.0.0[0]
    }
}

#[test]
fn small_futures_stay_small() {
    assert!(size_of_val(&small(1)) <= 24, "{}", size_of_val(&small(1)));
    assert!(size_of_val(&takes_parts((Block::new(), 0))) <= 1024 + OWN);
}

#[test]
fn self_lives_once() {
    let holder = Holder(Block::new());
    let borrows = size_of_val(&holder.by_reference(Block::new()));
    assert!(borrows <= 1024 + 3 * OWN, "{borrows}");
    let owns = size_of_val(&holder.by_value());
    assert!(owns <= 1024 + OWN, "{owns}");
}
