//! Locks for what has to stay as it is while a fiber waits, and other ways in which fibers wait for each other.

use std::cell::Cell;
use std::time::Duration;

use seastar::sync::{Barrier, Condvar, Mutex, RwLock};
use seastar::{sleep, when_all, with_lock};

// ANCHOR: mutex
/// Moves money with a pause in the middle, in which nobody else sees the accounts.
async fn transfer(accounts: &Mutex<(u32, u32)>, amount: u32) {
    with_lock!((from, to) = accounts => {
        *from -= amount;
        sleep(Duration::from_millis(5)).await;
        *to += amount;
    });
}
// ANCHOR_END: mutex

#[seastar::main]
async fn main() {
    // ANCHOR: use_mutex
    let accounts = Mutex::new((100, 0));
    let audit = async {
        with_lock!((from, to) = accounts => println!("{from} and {to} are {}", *from + *to));
    };
    when_all!(transfer(&accounts, 30), audit, transfer(&accounts, 20));
    println!("{:?}", accounts.into_inner());
    // ANCHOR_END: use_mutex

    // ANCHOR: rwlock
    let names = RwLock::new(vec!["Ada"]);
    with_lock!(names = names.write() => names.push("Grace"));
    let limited = with_lock!(names = names.read(), timeout = Duration::from_secs(1) => names.join(" and "));
    println!("{limited:?}");
    // ANCHOR_END: rwlock

    // ANCHOR: condvar
    let (cooked, dishes) = (Condvar::new(), Cell::new(0));
    let guest = async {
        cooked.wait_until(|| dishes.get() == 3).await.expect("nobody breaks it");
        println!("dinner of {} dishes", dishes.get());
    };
    let cook = async {
        for _ in 0..3 {
            sleep(Duration::from_millis(1)).await;
            dishes.set(dishes.get() + 1);
            cooked.signal();
        }
    };
    when_all!(guest, cook);
    // ANCHOR_END: condvar

    // ANCHOR: barrier
    let start = Barrier::new(2);
    let runner = async |millis| {
        sleep(Duration::from_millis(millis)).await;
        start.wait().await
    };
    let (early, late) = when_all!(runner(1), runner(20));
    println!("who came last? {early} {late}");
    // ANCHOR_END: barrier
}
