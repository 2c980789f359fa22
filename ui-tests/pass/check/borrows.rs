// Borrows are those that the user wrote: variables may be moved, lent and assigned in every way.
#![deny(warnings)]

use std::pin::pin;

async fn grow(list: &mut Vec<u8>) -> &mut u8 {
    list.push(1);
    seastar::yield_now().await;
    list.last_mut().unwrap()
}

#[seastar::main(shards = 1)]
async fn main() {
    let mut list = Vec::new();
    loop {
        let borrowed = &mut list;
        let last = grow(borrowed).await;
        *last += 1;
        let length = list.len();
        if length > 3 {
            break;
        }
    }
    let moved = list;
    let again = moved;
    let mut text = String::from("a");
    let view = &text;
    assert_eq!(view, "a");
    text.push('b');
    let slice = &text[1..];
    seastar::yield_now().await;
    assert_eq!((slice, again), ("b", vec![2, 2, 2, 2]));
    let mut future = pin!(async {
        let local = &mut text;
        seastar::yield_now().await;
        local.push('c');
    });
    future.as_mut().await;
    assert_eq!(text, "abc");
    let kept;
    {
        let inner = String::from("inner");
        kept = inner;
    }
    assert_eq!(kept, "inner");
    let lent = &String::from("a temporary that lives on");
    seastar::yield_now().await;
    assert!(lent.len() > 3);
}
