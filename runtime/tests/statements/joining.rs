//! What `when_all!`, `when_all_succeed!` and `when_any!` wait for, and in which order.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use seastar::{sleep, spawn, when_all, when_all_succeed, when_any, yield_now};

/// Yields `n` times.
async fn after<T>(n: usize, value: T) -> T {
    for _ in 0..n {
        yield_now().await;
    }
    value
}

#[seastar::test(shards = 1)]
async fn all_run_side_by_side() {
    let turns = RefCell::new(String::new());
    let child = async |name, n| {
        for _ in 0..n {
            turns.borrow_mut().push(name);
            yield_now().await;
        }
        n
    };
    assert_eq!(when_all!(child('a', 2), child('b', 3), child('c', 1)), (2, 3, 1));
    assert_eq!(turns.take(), "abcabb");
    assert_eq!(when_all!(child('a', 1)), (1,));
}

#[seastar::test(shards = 1)]
async fn all_take_whatever_becomes_a_future() {
    let mut pinned = pin!(after(1, 1));
    let fiber = spawn(after(2, 2));
    let (one, two, three) = when_all!(pinned.as_mut(), fiber, std::future::ready(3));
    assert_eq!((one, two.unwrap(), three), (1, 2, 3));
}

// ALL-2: waits for all of them, then tells of the first failure by position.
#[seastar::test(shards = 1)]
async fn the_first_failure_by_position_is_told_when_all_are_done() {
    let done = Cell::new(0);
    let child = async |n, value: Result<u8, &'static str>| {
        after(n, ()).await;
        done.set(done.get() + 1);
        value
    };
    let failed =
        when_all_succeed!(child(1, Ok(1)), child(3, Err("second")), child(2, Err("third")), child(5, Ok(4)));
    assert_eq!((failed, done.take()), (Err("second"), 4));
    let good = when_all_succeed!(child(1, Ok(1)), async { Ok("text") }, child(2, Ok(3)));
    assert_eq!(good, Ok((1, "text", 3)));
}

#[seastar::test(shards = 1)]
async fn the_first_that_is_ready_wins() {
    let winner = when_any! {
        a = after(2, 'a') => a,
        b = after(1, 'b') => { b }
        _ = pending::<()>() => 'c',
    };
    assert_eq!(winner, 'b');
    let both = when_any! { a = after(1, 'a') => a, b = after(1, 'b') => b };
    assert_eq!(both, 'a', "in the order in which they are written");
    assert_eq!(when_any! { (a, _) = after(1, (1, 2)) => a + 1 }, 2);
}

#[seastar::test(shards = 1)]
async fn losers_are_dropped_before_the_body_runs() {
    struct Loser<'a>(&'a Cell<bool>);
    impl Drop for Loser<'_> {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    let dropped = Cell::new(false);
    let seen = when_any! {
        _ = async { let _loser = Loser(&dropped); pending::<()>().await } => false,
        _ = yield_now() => dropped.get(),
    };
    assert!(seen);
}

#[seastar::test(shards = 1)]
async fn a_timer_in_a_race() {
    let late = when_any! {
        _ = pending::<()>() => false,
        _ = sleep(Duration::from_millis(1)) => true,
    };
    assert!(late);
}

#[seastar::test(shards = 1)]
async fn a_panic_in_one_of_them_drops_the_others() {
    thread_local!(static DROPPED: Cell<bool> = const { Cell::new(false) });
    struct Other;
    impl Drop for Other {
        fn drop(&mut self) {
            DROPPED.set(true);
        }
    }
    let fiber = spawn(async {
        let other = Other;
        when_all!(
            async {
                let _other = other;
                pending::<()>().await
            },
            async {
                yield_now().await;
                panic!("one")
            }
        )
    });
    assert!(fiber.await.unwrap_err().is_panic());
    assert!(DROPPED.get());
}
