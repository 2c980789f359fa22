//! Loops that run one iteration after the other.

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::Future;
use std::ops::ControlFlow::{self, Break, Continue};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Waker};

use seastar::future::{do_for_each, do_until, keep_doing, repeat, repeat_until_value};
use seastar::{JoinHandle, spawn, yield_now};

use super::Count;

/// LOOP-1.
#[seastar::test]
async fn repeat_ends_by_a_break_or_a_failure() {
    let mut n = 0;
    let ended = repeat(async || {
        n += 1;
        if n % 2 == 0 {
            yield_now().await;
        }
        if n < 10 { Continue(()) } else { Break(n) }
    });
    assert_eq!(ended.await, 10);
    let failed = repeat(async || -> Result<ControlFlow<()>, &str> {
        n += 1;
        if n < 15 { Ok(Continue(())) } else { Err("too many") }
    });
    assert_eq!(failed.await, Err("too many"));
    assert_eq!(n, 15);
    let fine = repeat(async || -> Result<ControlFlow<&str>, ()> { Ok(Break("fine")) });
    assert_eq!(fine.await, Ok("fine"));
}

/// LOOP-1: strictly one after the other.
#[seastar::test]
async fn an_iteration_begins_when_the_one_before_has_ended() {
    let running = Cell::new(0);
    let mut left = 20;
    repeat(async || {
        assert_eq!(running.replace(1), 0);
        yield_now().await;
        running.set(0);
        left -= 1;
        if left > 0 { Continue(()) } else { Break(()) }
    })
    .await;
}

/// LOOP-4.
#[seastar::test]
async fn repeat_until_value_ends_by_a_value_or_a_failure() {
    let mut queue = VecDeque::from([None, None, Some(3), None]);
    assert_eq!(repeat_until_value(async || queue.pop_front().unwrap()).await, 3);
    assert_eq!(queue.len(), 1);
    let mut n = 0;
    let mut tried = async |fails: bool| {
        repeat_until_value(async || {
            n += 1;
            yield_now().await;
            if n % 3 > 0 {
                Ok(None)
            } else if fails {
                Err("no")
            } else {
                Ok(Some(n))
            }
        })
        .await
    };
    assert_eq!(tried(false).await, Ok(3));
    assert_eq!(tried(true).await, Err("no"));
}

/// LOOP-2.
#[seastar::test]
async fn do_until_asks_before_each_action() {
    let (asked, done) = (Count::default(), Count::default());
    let stop = || {
        asked.add();
        done.get() == 3
    };
    let action = async || {
        yield_now().await;
        done.add();
    };
    do_until(stop, action).await;
    assert_eq!((asked.get(), done.get()), (4, 3));
    do_until(stop, action).await;
    assert_eq!((asked.get(), done.get()), (5, 3));
    let failed = do_until(
        || false,
        async || {
            done.add();
            if done.get() < 5 { Ok(()) } else { Err(done.get()) }
        },
    );
    assert_eq!(failed.await, Err(5));
    assert_eq!(do_until(|| true, async || Err("never")).await, Ok(()));
}

/// LOOP-2: a condition that panics ends the loop.
#[seastar::test]
async fn a_condition_that_panics_ends_the_loop() {
    let ended = spawn(do_until(|| panic!("in the condition"), async || ()));
    assert!(ended.await.unwrap_err().is_panic());
}

/// LOOP-3.
#[seastar::test]
async fn keep_doing_ends_by_a_failure_only() {
    let mut n = 0;
    let Err(error) = keep_doing(async || {
        n += 1;
        yield_now().await;
        if n < 7 { Ok(()) } else { Err(n) }
    })
    .await;
    assert_eq!(error, 7);
}

/// LOOP-5.
#[seastar::test]
async fn do_for_each_goes_in_order_and_stops_at_a_failure() {
    let mut seen = Vec::new();
    let mut words = vec![String::from("a"), String::from("b"), String::from("c")];
    let failed = do_for_each(&mut words, async |word: &mut String| {
        word.push('!');
        yield_now().await;
        seen.push(word.clone());
        if word == "b!" { Err(word.clone()) } else { Ok(()) }
    });
    assert_eq!(failed.await, Err("b!".into()));
    assert_eq!((seen, words), (vec!["a!".into(), "b!".into()], ["a!", "b!", "c"].map(String::from).into()));
    assert_eq!(do_for_each([] as [u8; 0], async |_| Err("never")).await, Ok(()));
}

/// A fiber that counts its turns until it is stopped.
fn turns() -> (JoinHandle<()>, Count) {
    let count = Count::default();
    let counted = count.clone();
    let fiber = spawn(async move {
        loop {
            counted.add();
            yield_now().await;
        }
    });
    (fiber, count)
}

/// LOOP-9: nobody else stands still beside a loop whose body is always ready.
#[seastar::test]
async fn others_have_their_turn_beside_every_loop() {
    let (other, turns) = turns();
    let before = Cell::new(0);
    // Ends by the turns of others, or never.
    let enough = || turns.get() >= before.get() + 3;
    let begin = || before.set(turns.get());
    begin();
    repeat(async || if enough() { Break(()) } else { Continue(()) }).await;
    begin();
    repeat_until_value(async || enough().then_some(())).await;
    begin();
    do_until(enough, async || ()).await;
    begin();
    let Err(()) = keep_doing(async || if enough() { Err(()) } else { Ok(()) }).await;
    begin();
    do_for_each(0.., async |_| if enough() { Err(()) } else { Ok(()) }).await.unwrap_err();
    other.cancel();
}

/// Dropping a loop drops the iteration that runs, and begins no other.
#[seastar::test]
async fn a_loop_dropped_half_way_drops_its_iteration() {
    let (begun, dropped) = (Count::default(), Count::default());
    {
        let mut endless = pin!(keep_doing(async || {
            begun.add();
            let _token = dropped.on_drop();
            yield_now().await;
        }));
        let mut context = Context::from_waker(Waker::noop());
        while begun.get() < 3 {
            assert!(endless.as_mut().poll(&mut context).is_pending());
        }
        assert_eq!((begun.get(), dropped.get()), (3, 2));
    }
    assert_eq!((begun.get(), dropped.get()), (3, 3));
}

#[seastar::test]
async fn a_panic_in_an_iteration_goes_on_to_the_caller() {
    let dropped = Count::default();
    let token = Rc::new(dropped.on_drop());
    let mut failing = Box::pin(do_for_each(0..5, async move |n| {
        let _token = token.clone();
        assert!(n < 3, "in an iteration");
    }));
    let mut context = Context::from_waker(Waker::noop());
    let polled = catch_unwind(AssertUnwindSafe(|| failing.as_mut().poll(&mut context)));
    assert!(polled.is_err());
    drop(failing);
    assert_eq!(dropped.get(), 1);
}
