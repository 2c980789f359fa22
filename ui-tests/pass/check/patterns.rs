// All kinds of patterns, and constants that look like variables.
#![deny(warnings)]

use std::cell::RefCell;

#[derive(Debug, PartialEq)]
struct Point {
    x: i32,
    y: i32,
}

struct Unit;

const ZERO: i32 = 0;

#[seastar::main(shards = 1)]
async fn main() {
    let Point { x, y: height } = Point { x: 1, y: 2 };
    let Point { x: ref left, .. } = Point { x, y: 0 };
    let (a, (b, ..), [first, .., last]) = (1, ("b", 2), [1, 2, 3]);
    let Some(value @ 1..=9) = Some(3) else { return };
    let Unit = Unit;
    let (ZERO, rest) = (0, 1) else { unreachable!() };
    let None::<u8> = None else { return };
    let &number = &5;
    let mut count = 0;
    let r#type = 1;
    let uninitialised: u8;
    seastar::yield_now().await;
    uninitialised = 1;
    count += uninitialised;
    let (cell, name): (RefCell<u8>, &str) = (RefCell::new(count), "n");
    seastar::yield_now().await;
    assert_eq!((*left, height, a, b, first, last, value, rest), (1, 2, 1, "b", 1, 3, 3, 1));
    assert_eq!((number, r#type, cell.into_inner(), name), (5, 1, 1, "n"));
}
