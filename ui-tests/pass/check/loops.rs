// Loops that end or give way.
#![deny(warnings)]

use std::cell::Cell;
use std::process::exit;

async fn next(count: &Cell<u32>) -> Result<u32, u32> {
    count.set(count.get() + 1);
    if count.get() % 7 == 0 { Err(count.get()) } else { Ok(count.get()) }
}

async fn until_seven(count: &Cell<u32>) -> Result<(), u32> {
    loop {
        next(count).await?;
    }
}

#[seastar::main(shards = 1)]
async fn main() {
    let count = Cell::new(0);
    assert_eq!(until_seven(&count).await, Err(7));
    let found = loop {
        if count.get() > 10 {
            break count.get();
        }
        count.set(count.get() + 1);
    };
    assert_eq!(found, 11);
    'outer: loop {
        loop {
            count.set(count.get() + 1);
            if count.get() > 20 {
                break 'outer;
            }
        }
    }
    loop {
        while count.get() < 30 {
            count.set(count.get() + 1);
        }
        if count.get() > 40 {
            exit(1);
        }
        match seastar::spawn(async { 1 }).await {
            Ok(_) => break,
            Err(_) => continue,
        }
    }
    'again: for _ in 0..3 {
        loop {
            count.set(count.get() + 1);
            continue 'again;
        }
    }
    loop {
        assert!(count.get() > 0, "a macro may do anything");
        count.set(count.get() + 1);
        if count.get() > 50 {
            return;
        }
    }
}
